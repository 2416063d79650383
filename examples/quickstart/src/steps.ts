import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { events, RateLimitedError, tooManyRequests, withLock } from '@larder/core'
import type { FaultyAdapter } from '@larder/core/testing'
import type { Catalog } from './catalog.js'
import { inMs, inPounds, type Printer, timed } from './print.js'
import type { Product, ProductFile } from './products.js'

/** What a step has to work with. `file.reads` tells how often a method really ran. */
export interface Tour {
  readonly print: Printer
  readonly file: ProductFile
  readonly catalog: Catalog
  /** Switches that make the store refuse every call, or never answer one. */
  readonly faults: { readonly refused: FaultyAdapter; readonly hung: FaultyAdapter }
  /** The most that a call may wait for the store. */
  readonly budgetMs: number
}

export async function missAndHit({ print, file, catalog }: Tour): Promise<void> {
  print.step('A miss, then a hit')
  const query = { category: 'tea', text: 'organic assam' }
  const readsBefore = file.reads
  const miss = await timed(() => catalog.search(query))
  const found = miss.result.length
  print.claim(found > 0 && file.reads === readsBefore + 1, `miss: read the file, ${found} teas in ${inMs(miss.ms)}`)

  const hits = []
  for (let i = 0; i < 99; i++) hits.push(await timed(() => catalog.search({ ...query })))
  const hitMs = hits.map(({ ms }) => ms).sort((a, b) => a - b)[49] as number
  const same = hits.every(({ result }) => isDeepStrictEqual(result, miss.result))
  print.claim(
    same && file.reads === readsBefore + 1 && hitMs < miss.ms,
    `hit:  the same ${found} teas in ${inMs(hitMs)} (median of 99), ${Math.round(miss.ms / hitMs)} times as fast`,
  )
}

export async function stampede({ print, file, catalog }: Tour): Promise<void> {
  print.step('A stampede: 300 calls at once, nothing stored yet')
  const readsBefore = file.reads
  const { result, ms } = await timed(() => Promise.all(Array.from({ length: 300 }, () => catalog.product('p1234'))))
  const ran = file.reads - readsBefore
  const answered = result.filter((product) => product?.id === 'p1234').length
  print.claim(ran === 1 && answered === 300, `${answered} answers, the method ran ${times(ran)}, ${inMs(ms)} in all`)
}

export async function eviction({ print, file, catalog }: Tour): Promise<void> {
  print.step('A tag eviction: a price changes')
  const teas = { category: 'tea', text: 'sencha' }
  const cheeses = { category: 'cheese', text: 'aged gouda' }
  const cheapest = async () => (await catalog.search(teas))[0] as Product
  await catalog.search(cheeses)
  const tea = await cheapest()
  const newCents = tea.priceCents - 1
  print.note(`cheapest sencha: ${tea.name}, ${inPounds((await cheapest()).priceCents)}, from the cache`)

  await catalog.save({ ...tea, priceCents: newCents })
  const seen = await cheapest()
  print.claim(
    seen.id === tea.id && seen.priceCents === newCents,
    `after save: the very next search says ${inPounds(seen.priceCents)}`,
  )
  const readsBefore = file.reads
  await catalog.search(cheeses)
  print.claim(file.reads === readsBefore, 'the cheeses carry another tag: still served from the cache')
}

export async function refusal({ print, catalog }: Tour): Promise<void> {
  print.step('A rate limit: three orders a minute for each customer')
  // Another customer on every run: a shared store remembers.
  const customer = `customer-${crypto.randomUUID()}`
  const orders = await Promise.allSettled(Array.from({ length: 4 }, () => catalog.checkout(customer, 'p7')))
  const taken = orders.filter(({ status }) => status === 'fulfilled').length
  print.claim(taken === 3, `${taken} orders taken`)

  const refused = orders.find((order) => order.status === 'rejected')
  if (!(refused?.reason instanceof RateLimitedError)) return print.claim(false, 'the fourth was not refused')
  const { status, headers } = tooManyRequests(refused.reason)
  const retryAfter = headers.get('Retry-After')
  print.claim(status === 429 && Number(retryAfter) > 0, `the fourth refused: ${status}, Retry-After: ${retryAfter}`)
  const other = await catalog.checkout(`${customer}-2`, 'p7')
  print.claim(other.totalCents > 0, 'another customer is served meanwhile')
}

export async function contention({ print, catalog }: Tour): Promise<void> {
  print.step('A lock: two contenders')
  let inside = 0
  let mostInside = 0
  const contend = async () => {
    const startedMs = performance.now()
    return withLock('stocktake', async ({ fence }) => {
      const waitedMs = performance.now() - startedMs
      mostInside = Math.max(mostInside, ++inside)
      await sleep(80)
      inside--
      return { waitedMs, fence }
    })
  }
  const both = await Promise.all([contend(), contend()])
  const [first, second] = both.sort((a, b) => a.waitedMs - b.waitedMs)
  print.claim(
    mostInside === 1,
    `the first went in after ${inMs(first.waitedMs)}, fence ${first.fence}, and stayed 80 ms`,
  )
  print.claim(
    second.waitedMs > first.waitedMs && second.fence > first.fence,
    `the second waited ${inMs(second.waitedMs)} and got a higher fence, ${second.fence}`,
  )

  const before = (await catalog.product('p42')) as Product
  await Promise.all([catalog.restock(before, 10), catalog.restock(before, 10)])
  const after = await catalog.product('p42')
  print.claim(
    after?.stock === before.stock + 20,
    `two restocks of 10 at once: stock ${before.stock} became ${after?.stock}, none lost`,
  )
}

export async function storeFailure({ print, file, catalog, faults, budgetMs }: Tour): Promise<void> {
  print.step('The store fails')
  const stored = await catalog.product('p99')
  let fallbacks = 0
  const stop = events.on(({ type }) => {
    if (type === 'fallback') fallbacks++
  })
  const readsBefore = file.reads
  const askDuring = async (fault: FaultyAdapter) => {
    fault.active = true
    const { result, ms } = await timed(() => catalog.product('p99'))
    fault.active = false
    return { same: isDeepStrictEqual(result, stored), ms }
  }

  const refused = await askDuring(faults.refused)
  print.claim(
    refused.same && file.reads === readsBefore + 1,
    `every store call refused: the cached call still answers, in ${inMs(refused.ms)}`,
  )
  const hung = await askDuring(faults.hung)
  print.claim(
    hung.same && file.reads === readsBefore + 2 && hung.ms < budgetMs + 1_000,
    `no store call ever answered: it waits no longer than its budget of ${budgetMs} ms, and answers in ${inMs(hung.ms)}`,
  )
  stop()
  print.claim(fallbacks === 2, 'nobody is left in the dark: a `fallback` event each time')
  await catalog.product('p99')
  print.claim(file.reads === readsBefore + 2, 'the store is back: served from the cache again')
}

const times = (count: number) => (count === 1 ? 'once' : `${count} times`)
