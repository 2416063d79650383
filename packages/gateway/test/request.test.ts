import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readBody } from '../src/request.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const incoming = () => Object.assign(new PassThrough(), { headers: {} }) as PassThrough & IncomingMessage

test('a body that does not come in in time is a 408, after which the connection is closed', async () => {
  const request = incoming()
  const late = expect(readBody(request, 100, 1_000)).rejects.toMatchObject({
    status: 408,
    message: 'ERR the body did not come in in time',
    headers: { connection: 'close' },
  })
  request.write('["SET",')
  await vi.advanceTimersByTimeAsync(1_000)
  await late
})

test('a body that came in leaves no timer behind, and neither does one that is cut off or too large', async () => {
  const [whole, cut, large] = [incoming(), incoming(), incoming()]
  const read = readBody(whole, 100, 1_000)
  whole.end('["PING"]')
  await vi.advanceTimersByTimeAsync(0)
  expect((await read).toString()).toBe('["PING"]')
  const refused = expect(readBody(cut, 100, 1_000)).rejects.toMatchObject({ status: 400 })
  cut.destroy()
  await vi.advanceTimersByTimeAsync(0)
  await refused
  const tooLarge = expect(readBody(large, 5, 1_000)).rejects.toMatchObject({ status: 413 })
  large.write('123456')
  await vi.advanceTimersByTimeAsync(0)
  await tooLarge
  expect(vi.getTimerCount()).toBe(0)
})

test('a client that leaves in the midst of a body is a 400, as Node tells of it: by an error', async () => {
  const request = incoming()
  const refused = expect(readBody(request, 100, 1_000)).rejects.toMatchObject({ status: 400 })
  request.write('["SET",')
  request.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
  await vi.advanceTimersByTimeAsync(0)
  await refused
})
