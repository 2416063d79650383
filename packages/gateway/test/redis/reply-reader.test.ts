import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeCommands, encodeReply, type Reply, ReplyFault, Status } from '../../src/redis/reply.js'
import { ReplyReader } from '../../src/redis/reply-reader.js'

const line = fc.string().map((text) => text.replace(/[\r\n]/g, ' '))
const reply = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.integer(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    line.map((text) => new Status(text)),
    line.map((text) => new ReplyFault(text)),
    fc.array(tie('reply'), { maxLength: 5 }),
  ),
})).reply

function readAll(bytes: Buffer, cuts: readonly number[]): Reply[] {
  const reader = new ReplyReader()
  const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  return edges.slice(1).flatMap((edge, i) => reader.push(bytes.subarray(edges[i], edge)))
}

test('reads back what was written, wherever the network cuts it', () => {
  fc.assert(
    fc.property(fc.array(reply, { maxLength: 6 }), fc.array(fc.nat(500), { maxLength: 20 }), (replies, cuts) => {
      const bytes = Buffer.concat(replies.map(encodeReply))
      const inside = cuts.filter((cut) => cut <= bytes.length)
      expect(readAll(bytes, inside)).toEqual(replies)
    }),
  )
})

test('reads byte by byte', () => {
  const replies = [[1, [Buffer.from('a\r\nb'), null, []]], new Status('OK'), 2n ** 62n]
  const bytes = Buffer.concat(replies.map(encodeReply))
  expect(
    readAll(
      bytes,
      Array.from({ length: bytes.length }, (_, i) => i),
    ),
  ).toEqual(replies)
})

test('a null array is a null', () => {
  expect(new ReplyReader().push(Buffer.from('*-1\r\n*2\r\n*-1\r\n$-1\r\n'))).toEqual([null, [null, null]])
})

test('looks at each byte once: a reply of 64 MB in small pieces takes no longer than it has to', () => {
  const piece = Buffer.alloc(16_384, 97)
  const count = 4_096
  const reader = new ReplyReader()
  const startedMs = performance.now()
  expect(reader.push(Buffer.from(`$${piece.length * count}\r\n`))).toEqual([])
  for (let i = 0; i < count; i++) reader.push(piece)
  const [value] = reader.push(Buffer.from('\r\n'))
  expect((value as Buffer).length).toBe(piece.length * count)
  // Copying all of it at each piece would be 128 GB.
  expect(performance.now() - startedMs).toBeLessThan(5_000)
})

test('another protocol is an error', () => {
  expect(() => new ReplyReader().push(Buffer.from('HTTP/1.1 400\r\n'))).toThrow('does not speak RESP2')
})

test('commands are written with the length of their bytes, text and bytes mixed', () => {
  const bytes = encodeCommands([
    ['SET', 'ü', Buffer.from([0, 255])],
    ['GET', Buffer.from('k')],
  ])
  expect(bytes.toString('latin1')).toBe(
    '*3\r\n$3\r\nSET\r\n$2\r\n\u00c3\u00bc\r\n$2\r\n\u0000\u00ff\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n',
  )
})
