import { expect, test } from 'vitest'
import { currentLoad } from '../../../src/index.js'
import { setUp } from '../../support/origin.js'

interface Page {
  etag: number
  text: string
}

/** A page whose origin can be asked whether it has changed. */
function withPage() {
  const toolkit = setUp()
  const origin = { etag: 1 }
  const previous: Array<Page | undefined> = []
  const options = { ttl: '1m', prefix: 'page', staleWhileRevalidate: '1h' } as const
  const page = toolkit.cached(options, async (_url: string): Promise<Page> => {
    const load = currentLoad<Page>()
    previous.push(load.previous && { ...load.previous })
    if (load.previous?.etag === origin.etag) return load.previous
    return { etag: origin.etag, text: `version ${origin.etag}` }
  })
  return { ...toolkit, origin, previous, page }
}

test('a refresh sees the result it is to replace, and keeps it by returning it', async () => {
  const { page, previous, advance, settled, typesOf } = withPage()
  await page('/')
  advance(60_000)
  await page('/')
  await settled()
  expect(previous).toEqual([undefined, { etag: 1, text: 'version 1' }])
  advance(59_999)
  expect(await page('/')).toEqual({ etag: 1, text: 'version 1' })
  expect(typesOf('hit')).toHaveLength(1)
})

test('what has changed replaces it', async () => {
  const { page, origin, advance, settled } = withPage()
  await page('/')
  origin.etag = 2
  advance(60_000)
  await page('/')
  await settled()
  expect(await page('/')).toEqual({ etag: 2, text: 'version 2' })
})

test('the previous result is the load`s own copy', async () => {
  const { cached, advance, settled } = setUp()
  const find = cached({ ttl: '1m', prefix: 'find', staleWhileRevalidate: '1h' }, async () => {
    const { previous } = currentLoad<{ list: number[] }>()
    previous?.list.push(0)
    return { list: [1] }
  })
  await find()
  advance(60_000)
  const stale = await find()
  await settled()
  expect(stale).toEqual({ list: [1] })
})

test('what was evicted is not shown', async () => {
  const { page, previous } = withPage()
  await page('/')
  await page.evict('/')
  await page('/')
  await page.evictAll()
  await page('/')
  expect(previous).toEqual([undefined, undefined, undefined])
})

test('refresh of the handle shows what is stored, fresh or not', async () => {
  const { page, previous } = withPage()
  await page('/')
  await page.refresh('/')
  expect(previous).toEqual([undefined, { etag: 1, text: 'version 1' }])
})

test('loads at the same time each see their own', async () => {
  const { page, previous, origin, advance, settled } = withPage()
  await page('/a')
  origin.etag = 2
  await page('/b')
  origin.etag = 3
  previous.length = 0
  advance(60_000)
  await Promise.all([page('/a'), page('/b'), page('/c')])
  await settled()
  expect(previous).toEqual(
    expect.arrayContaining([{ etag: 1, text: 'version 1' }, { etag: 2, text: 'version 2' }, undefined]),
  )
})

test('outside of a load there is no previous result, and the signal never aborts', () => {
  const { signal, previous } = currentLoad()
  expect(signal.aborted).toBe(false)
  expect(previous).toBeUndefined()
})

test('a method that awaits before it asks gets nothing of another load', async () => {
  const { cached, advance, settled } = setUp()
  const seen: unknown[] = []
  const find = cached({ ttl: '1m', prefix: 'find', staleWhileRevalidate: '1h' }, async () => {
    await null
    seen.push(currentLoad().previous)
    return 1
  })
  await find()
  advance(60_000)
  await find()
  await settled()
  expect(seen).toEqual([undefined, undefined])
})

test('a cached function that a load calls at once has a load of its own, and never the result of its caller', async () => {
  const { cached, advance, settled } = setUp()
  const seen: unknown[] = []
  const inner = cached('1s', 'inner', async () => {
    seen.push(currentLoad().previous)
    return 'inner'
  })
  const outer = cached({ ttl: '1m', prefix: 'outer', staleWhileRevalidate: '1h' }, () => inner())
  await outer()
  advance(60_000)
  await outer()
  await settled()
  expect(seen).toEqual([undefined, undefined])
})
