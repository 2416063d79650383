import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'
import { afterAll, beforeAll, expect, test } from 'vitest'

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const WORKER = `
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
}
export default {
  async fetch(request) {
    try {
      return Response.json(await routes[new URL(request.url).pathname]())
    } catch (error) {
      return new Response(error.stack, { status: 500 })
    }
  },
}`

let workers: Miniflare
beforeAll(async () => {
  const { outputFiles } = await build({
    stdin: { contents: WORKER, resolveDir: file('.') },
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    alias: { '@larder/core': file('../../src/index.ts'), '#platform': file('../../src/platform/workerd.ts') },
    write: false,
  })
  workers = new Miniflare({ modules: true, script: outputFiles[0]?.text ?? '', compatibilityDate: '2026-04-01' })
  await workers.ready
}, 60_000)
afterAll(() => workers?.dispose())

const ask = async (path: string) => {
  const response = await workers.dispatchFetch(`http://localhost${path}`)
  return `${response.status} ${await response.text()}`
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
