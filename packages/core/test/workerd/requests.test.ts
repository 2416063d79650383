import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeRequests, freshKey } from './scenarios.js'
import { type OriginServer, type StoreServer, startOrigin, startStore } from './servers.js'
import { bundleWorker, here, type RunningWorker, runtimes, startWorker } from './worker.js'

// One toolkit at module scope serves all requests of a Worker, and none of them may hang on another: whatever the
// compatibility date, wherever the store is, and whether or not the runtime sees a load through after its request.

let origin: OriginServer
let store: StoreServer
let script: string
beforeAll(async () => {
  origin = await startOrigin()
  store = await startStore()
  script = await bundleWorker(here('app.ts'), {
    external: ['cloudflare:workers'],
    define: { ORIGIN: JSON.stringify(origin.url), STORE: JSON.stringify(store.url) },
    tsconfigRaw: {},
  })
}, 30_000)
afterAll(async () => {
  await origin?.close()
  await store?.close()
})

describe.for(runtimes)('workerd of $date with flags $flags', (runtime) => {
  let worker: RunningWorker
  beforeAll(async () => {
    worker = await startWorker(script, runtime)
  }, 30_000)
  afterAll(() => worker?.dispose())

  describeRequests(
    ['memory', 'fetch'],
    () => worker,
    () => origin,
  )

  test('a request that goes while its result is on the way to the store blocks nobody from storing', async () => {
    const key = freshKey()
    let swallowed = 0
    // The stamps of the request that goes get lost with it.
    store.swallows = (call) => /^set:none:\$/.test(call) && swallowed++ < 10
    // A namespace without stamps, as at the beginning.
    await fetch(store.url, { method: 'POST', body: '{"method":"deleteMatching","args":["none:*"]}' })
    expect((await worker.ask(`/none/fetch/leave-fill/${key}`)).text).toBe('left')
    expect(swallowed).toBeGreaterThan(0)
    store.swallows = () => false
    await worker.ask(`/none/fetch/product/${key}`)
    const loads = origin.loads.get(`/${key}`)
    await worker.ask(`/none/fetch/product/${key}`)
    expect(origin.loads.get(`/${key}`)).toBe(loads)
  })

  test('what was evicted while the store was away is not served when it is back', async () => {
    const path = `/found/fetch/product/${freshKey()}`
    const loadOf = async () => JSON.parse((await worker.ask(path)).text).load as number
    expect(await loadOf()).toBe(1)
    expect(await loadOf()).toBe(1)
    store.swallows = (call) => call.startsWith('set')
    // The guard's time limit, and the result all the same.
    expect((await worker.ask('/found/fetch/save')).text).toBe('saved')
    store.swallows = () => false
    expect(await loadOf()).toBe(2)
    expect(await loadOf()).toBe(2)
  })
})
