import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleRoutes, type RunningWorker, startWorker } from '../workerd/worker.js'

const ROUTES = `
import { createSessions, idempotent, locks, withLock } from '@larder/core'
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const sessions = createSessions({ ttl: '1m' })
let runs = 0
const pay = idempotent({ prefix: 'pay', key: (id) => id }, async (id) => {
  await sleep(100)
  return id + ++runs
})
let inside = 0
const routes = {
  '/lock': () => withLock('job', async () => {
    const others = inside++
    await sleep(50)
    inside--
    return others
  }, { wait: '10s' }),
  '/fair': () => withLock('queue', () => sleep(20).then(() => 'served'), { fair: true, wait: '10s' }),
  '/again': () => withLock('outer', () => withLock('outer', async () => 'again', { reentrant: true }), { reentrant: true }),
  '/pay': () => pay('a'),
  async '/session'() {
    const id = await sessions.create({ name: 'ada' }, { user: 'ada' })
    return [(await sessions.get(id)).data.name, await sessions.destroy(id), await sessions.get(id)]
  },
}`

let worker: RunningWorker
beforeAll(async () => {
  worker = await startWorker(await bundleRoutes(ROUTES), { date: '2026-04-01', flags: ['nodejs_compat'] })
}, 60_000)
afterAll(() => worker?.dispose())

const ask = async (path: string) => {
  const { status, text } = await worker.ask(path)
  expect(status, text).toBe(200)
  return JSON.parse(text)
}
const askTogether = (path: string, times: number) => Promise.all(Array.from({ length: times }, () => ask(path)))

test('requests of one isolate that want one lock have it one at a time', async () => {
  expect(await askTogether('/lock', 5)).toEqual([0, 0, 0, 0, 0])
  expect(await askTogether('/fair', 3)).toEqual(['served', 'served', 'served'])
})

test('a body has its own lock again, by the AsyncLocalStorage of the runtime', async () => {
  expect(await ask('/again')).toBe('again')
})

test('a call is made once, for requests that come together too', async () => {
  expect(await askTogether('/pay', 3)).toEqual(['a1', 'a1', 'a1'])
})

test('a session begins and ends', async () => {
  expect(await ask('/session')).toEqual(['ada', true, null])
})
