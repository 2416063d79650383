import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleRoutes, type RunningWorker, startWorker } from '../workerd/worker.js'

const ROUTES = `
import { limiter } from '@larder/core'
const api = limiter({ prefix: 'api', limit: 1, per: '300ms' })
const routes = {
  async '/leave'() {
    await api.check('k')
    // Nobody waits for this one: it stops with its request.
    void api.waitUntilAllowed('k')
    return 'left'
  },
  async '/wait'() {
    return (await api.waitUntilAllowed('k', { timeout: '5s' })).status
  },
}`

let worker: RunningWorker
beforeAll(async () => {
  worker = await startWorker(await bundleRoutes(ROUTES), { date: '2026-04-01', flags: [] })
}, 60_000)
afterAll(() => worker?.dispose())

const ask = async (path: string) => {
  const { status, text } = await worker.ask(path)
  return `${status} ${text}`
}

test('a request that waits to be allowed does not wait for one that left while it did so', async () => {
  expect(await ask('/leave')).toBe('200 "left"')
  expect(await ask('/wait')).toBe('200 "allowed"')
})

test('requests that wait together are all allowed, one in each window', async () => {
  const startedMs = performance.now()
  const answers = await Promise.all(Array.from({ length: 4 }, () => ask('/wait')))
  expect(answers).toEqual(Array(4).fill('200 "allowed"'))
  expect(performance.now() - startedMs).toBeGreaterThan(900)
})
