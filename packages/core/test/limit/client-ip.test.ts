import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ClientRequest, clientIp } from '../../src/index.js'

const web = (headers: Record<string, string>) => new Request('https://shop.example/', { headers })
const forwarded = (value: string) => web({ 'x-forwarded-for': value })
const node = (remoteAddress: string, headers: Record<string, string | string[]> = {}) =>
  ({ socket: { remoteAddress }, headers }) as unknown as IncomingMessage

describe('without trust', () => {
  test('what the client says of itself is not believed', () => {
    expect(clientIp(forwarded('198.51.100.1'))).toBeUndefined()
    expect(clientIp(web({ 'x-real-ip': '198.51.100.1', forwarded: 'for=198.51.100.1' }))).toBeUndefined()
    expect(clientIp(node('203.0.113.9', { 'x-forwarded-for': '198.51.100.1' }))).toBe('203.0.113.9')
  })
  test('a Lambda event tells who spoke to the gateway, in both of its versions', () => {
    expect(clientIp({ headers: {}, requestContext: { http: { sourceIp: '203.0.113.9' } } })).toBe('203.0.113.9')
    expect(clientIp({ headers: {}, requestContext: { identity: { sourceIp: '203.0.113.9' } } })).toBe('203.0.113.9')
  })
})

describe('trusting a number of proxies', () => {
  test('the entry that the outermost of them wrote counts, whatever stands before it', () => {
    expect(clientIp(forwarded('spoofed, 198.51.100.1'), { trust: 1 })).toBe('198.51.100.1')
    expect(clientIp(forwarded('1.1.1.1, 198.51.100.1, 10.0.0.1'), { trust: 2 })).toBe('198.51.100.1')
    const request = node('10.0.0.2', { 'x-forwarded-for': '1.1.1.1, 198.51.100.1, 10.0.0.1' })
    expect(clientIp(request, { trust: 2 })).toBe('198.51.100.1')
  })
  test('a request that came past some of them is still told by what the others wrote', () => {
    expect(clientIp(forwarded('198.51.100.1'), { trust: 3 })).toBe('198.51.100.1')
    expect(clientIp(node('203.0.113.9'), { trust: 1 })).toBeUndefined()
  })
  test('several headers of one name are one list', () => {
    const headers = { 'X-Forwarded-For': ['1.1.1.1', '198.51.100.1'] }
    expect(clientIp(node('10.0.0.1', headers), { trust: 1 })).toBe('198.51.100.1')
  })
  test('no forged beginning changes the answer', () => {
    fc.assert(
      fc.property(fc.string(), (beginning) => {
        const headers = { 'x-forwarded-for': `${beginning},198.51.100.1,10.0.0.7` }
        expect(clientIp({ headers }, { trust: 2 })).toBe('198.51.100.1')
        expect(clientIp({ headers }, { trust: ['10.0.0.0/8'] })).toBe('198.51.100.1')
      }),
    )
  })
})

describe('trusting a list of proxies', () => {
  const trust = ['10.0.0.0/8', '2001:db8:ffff::/48', '192.0.2.7']
  test.each([
    ['198.51.100.1', '198.51.100.1'],
    ['spoofed, 198.51.100.1, 10.1.2.3', '198.51.100.1'],
    ['10.9.9.9, 198.51.100.1, 192.0.2.7, 10.1.2.3', '198.51.100.1'],
    ['198.51.100.1, 2001:db8:ffff:1::1', '198.51.100.1'],
    ['198.51.100.1, 192.0.2.8, 10.1.2.3', '192.0.2.8'],
    ['10.1.2.3, 10.1.2.4', '10.1.2.3'],
    ['198.51.100.1, unknown, 10.1.2.3', undefined],
    ['', undefined],
  ])('%j comes from %s', (value, expected) => {
    expect(clientIp(forwarded(value), { trust })).toBe(expected)
  })
  test('who is none of them has no say', () => {
    expect(clientIp(node('203.0.113.9', { 'x-forwarded-for': '198.51.100.1' }), { trust })).toBe('203.0.113.9')
    expect(clientIp(node('10.0.0.1', { 'x-forwarded-for': '198.51.100.1' }), { trust })).toBe('198.51.100.1')
  })
})

describe('trusting a header of the platform', () => {
  const trust = { header: 'CF-Connecting-IP' }
  test('it holds one address, or none', () => {
    expect(clientIp(web({ 'cf-connecting-ip': '198.51.100.1', 'x-forwarded-for': '1.1.1.1' }), { trust })).toBe(
      '198.51.100.1',
    )
    expect(clientIp(web({ 'cf-connecting-ip': '1.1.1.1, 198.51.100.1' }), { trust })).toBeUndefined()
    expect(clientIp(web({ 'x-forwarded-for': '1.1.1.1' }), { trust })).toBeUndefined()
  })
})

describe('addresses', () => {
  const of = (address: string) => clientIp(node(address))
  test.each<readonly [string, string | undefined]>([
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:8080', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::ffff', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::1]:443', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::1]', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ...['', 'unknown', '1.2.3', '1.2.3.256', '01.2.3.4', '1.2.3.4.5', ':::', '1::2::3', '1:2:3:4:5:6:7', '12345::']
      .concat(['1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7::8', 'g::', '[::1', '_hidden', '1.2.3.4::', '::1.2.3.4.5'])
      .map((text) => [text, undefined] as const),
  ])('%j counts as %s', (address, expected) => {
    expect(of(address)).toBe(expected)
  })
  test('all of a /64 count as one, and no two of them', () => {
    const group = fc.nat(0xffff).map((number) => number.toString(16))
    const parts = fc.array(group, { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const together = [...one.slice(0, 4), ...other.slice(4)]
        expect(of(together.join(':'))).toBe(of(one.join(':')))
        expect(of(other.join(':')) === of(one.join(':'))).toBe(`${other.slice(0, 4)}` === `${one.slice(0, 4)}`)
      }),
    )
  })
})

test('an event without headers tells what its gateway knows, and nothing of proxies', () => {
  const event = { headers: null, requestContext: { identity: { sourceIp: '203.0.113.9' } } }
  expect(clientIp(event)).toBe('203.0.113.9')
  expect(clientIp(event, { trust: ['10.0.0.0/8'] })).toBe('203.0.113.9')
  expect(clientIp({ headers: null }, { trust: 1 })).toBeUndefined()
  expect(clientIp({ headers: undefined }, { trust: { header: 'cf-connecting-ip' } })).toBeUndefined()
})

test.each([null, undefined, 'GET /', { headers: 'x-forwarded-for' }])('%o is no request', (request) => {
  expect(() => clientIp(request as never, { trust: 1 })).toThrow(
    expect.objectContaining({ name: 'UsageError', option: 'request' }),
  )
})

test.each([null, -1, 1.5, ['10.0.0.0/33'], ['my-proxy'], { header: '' }, 'all', true])(
  'trust: %o is refused',
  (trust) => {
    const request: ClientRequest = forwarded('198.51.100.1')
    expect(() => clientIp(request, { trust: trust as never })).toThrow(
      expect.objectContaining({ name: 'UsageError', option: 'trust' }),
    )
  },
)
