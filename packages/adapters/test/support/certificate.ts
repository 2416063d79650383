import { createSign, generateKeyPairSync } from 'node:crypto'

export interface Certificate {
  readonly certificatePem: string
  readonly keyPem: string
}

/**
 * A new certificate for `localhost` and 127.0.0.1, signed by itself, good for a day. Written out by hand in DER, because
 * Node reads certificates and makes none, and because a key in the repository would be an old one some day.
 */
export function selfSigned(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(set(sequence(oid('55 04 03'), der(0x0c, Buffer.from('localhost')))))
  const hourMs = 3_600_000
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))), // version 3
    der(0x02, Buffer.from([1])), // serial number
    ECDSA_WITH_SHA256,
    name,
    sequence(time(Date.now() - hourMs), time(Date.now() + 24 * hourMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      sequence(
        extension(oid('55 1d 13'), sequence(der(0x01, Buffer.from([0xff])))), // it may sign: itself
        extension(
          oid('55 1d 11'),
          sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1]))),
        ),
      ),
    ),
  )
  const signature = createSign('sha256').update(body).sign(privateKey)
  const certificate = sequence(body, ECDSA_WITH_SHA256, der(0x03, Buffer.from([0]), signature))
  return {
    certificatePem: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** One DER value: its tag, its length, its content. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content)
  const { length } = body
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}

const sequence = (...items: readonly Buffer[]) => der(0x30, ...items)
const set = (...items: readonly Buffer[]) => der(0x31, ...items)
const oid = (hex: string) => der(0x06, Buffer.from(hex.replaceAll(' ', ''), 'hex'))
const extension = (id: Buffer, value: Buffer) => sequence(id, der(0x04, value))
const time = (atMs: number) => der(0x18, Buffer.from(`${new Date(atMs).toISOString().replace(/\.\d+|[-:TZ]/g, '')}Z`))

const ECDSA_WITH_SHA256 = sequence(oid('2a 86 48 ce 3d 04 03 02'))
