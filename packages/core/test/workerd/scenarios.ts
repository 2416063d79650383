import { describe, expect, test, vi } from 'vitest'
import type { OriginServer } from './servers.js'
import type { RunningWorker } from './worker.js'

let keys = 0
export const freshKey = () => `k${keys++}`
/** The ways to keep a request alive that `serveShop` knows. */
const hooks = ['found', 'injected', 'none']

/** Each request of a Worker by `serveShop` is answered, whatever becomes of the others. Stores in the isolate come first. */
export function describeRequests(
  stores: readonly string[],
  worker: () => RunningWorker,
  origin: () => OriginServer,
): void {
  const toolkits = hooks.flatMap((hook) => stores.map((store) => `/${hook}/${store}`))
  describe.for(toolkits)('%s', (toolkit) => {
    const isKept = !toolkit.startsWith('/none')

    test('a caller is answered although the request that loads for it has answered and gone', async () => {
      const key = freshKey()
      const leaving = worker().ask(`${toolkit}/leave/${key}?ms=100`)
      expect((await leaving).text).toBe('left')
      const [second, third] = await Promise.all([
        worker().ask(`${toolkit}/product/${key}?ms=100`),
        worker().ask(`${toolkit}/product/${key}?ms=100`),
      ])
      expect(second).toMatchObject({ status: 200 })
      expect(third).toMatchObject({ status: 200 })
      expect(second.tookMs).toBeLessThan(3_000)
      // Where the runtime sees the load through, nobody loads again.
      if (isKept) expect(origin().loads.get(`/${key}`)).toBe(1)
    })

    test('two requests on a cold key are both answered when the first one answers early', async () => {
      const key = freshKey()
      const [first, second] = await Promise.all([
        worker().ask(`${toolkit}/leave/${key}?ms=80`),
        worker().ask(`${toolkit}/product/${key}?ms=80`),
      ])
      expect(first.text).toBe('left')
      expect(second).toMatchObject({ status: 200 })
    })

    test("an origin that fails for one request is that request's error, and the others load for themselves", async () => {
      const key = freshKey()
      const path = `${toolkit}/product/${key}?ms=60&failures=1`
      const answers = await Promise.all(Array.from({ length: 10 }, () => worker().ask(path)))
      const failed = answers.filter(({ status }) => status !== 200)
      expect(failed.map(({ text }) => text)).toEqual(['Error: the origin answered 503'])
    })

    test('an origin that fails for all fails each request with its own error', async () => {
      const path = `${toolkit}/product/${freshKey()}?ms=50&failures=999`
      const answers = await Promise.all(Array.from({ length: 10 }, () => worker().ask(path)))
      expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['Error: the origin answered 503']))
    })

    test('100 concurrent requests on a cold key are all answered', async () => {
      const key = freshKey()
      const path = `${toolkit}/product/${key}?ms=80`
      const answers = await Promise.all(Array.from({ length: 100 }, () => worker().ask(path)))
      expect(answers.map(({ status, text }) => (status === 200 ? '' : text)).join('')).toBe('')
      // Those who come while a load is under way take its result. Reads that were out when it began may each begin one.
      if (isKept && toolkit.endsWith('memory')) expect(origin().loads.get(`/${key}`)).toBe(1)
      expect(await worker().ask(path)).toMatchObject({ status: 200 })
    })

    test('many ids: those that another request loads are waited for, whether it stays or has gone', async () => {
      const [a, b, c, d] = [freshKey(), freshKey(), freshKey(), freshKey()]
      const search = '?ms=100'
      expect((await worker().ask(`${toolkit}/leave-many/${a},${b}${search}`)).text).toBe('left')
      const [second, third] = await Promise.all([
        worker().ask(`${toolkit}/many/${b},${c}${search}`),
        worker().ask(`${toolkit}/many/${d},${c},${a}${search}`),
      ])
      expect(second).toMatchObject({ status: 200, text: JSON.stringify([b, c]) })
      expect(third).toMatchObject({ status: 200, text: JSON.stringify([d, c, a]) })
      if (isKept && toolkit.endsWith('memory')) {
        expect([a, b, c, d].map((key) => origin().loads.get(`/${key}`))).toEqual([1, 1, 1, 1])
      }
      expect((await worker().ask(`${toolkit}/many/${a},${b},${c},${d}${search}`)).text).toBe(
        JSON.stringify([a, b, c, d]),
      )
    })

    test('many ids: a failure is the error of the request that loads, and the others load for themselves', async () => {
      const [a, b] = [freshKey(), freshKey()]
      const path = `${toolkit}/many/${a},${b}?ms=60&failures=1`
      const answers = await Promise.all(Array.from({ length: 5 }, () => worker().ask(path)))
      expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(3)
      const texts = new Set(answers.map(({ text }) => text))
      expect([...texts].sort()).toEqual(['Error: the origin answered 503', JSON.stringify([a, b])].sort())
    })

    test('calls of one tick share a load', async () => {
      const key = freshKey()
      const { status, text } = await worker().ask(`${toolkit}/twice/${key}?ms=50`)
      expect(status, text).toBe(200)
      expect(JSON.parse(text)).toEqual([1, 1, 1])
    })

    test('a stale result is answered at once, and refreshed after the response', async () => {
      const key = freshKey()
      const ask = async () => {
        const { status, text } = await worker().ask(`${toolkit}/offer/${key}?againMs=500`)
        expect(status, text).toBe(200)
        return JSON.parse(text).load as number
      }
      expect(await ask()).toBe(1)
      await new Promise((resolve) => setTimeout(resolve, 120))
      expect(await ask()).toBe(1)
      expect(origin().answers.get(`/${key}`)).toBe(1)
      // Without anybody to see it through, the refresh goes with its request.
      if (isKept) await vi.waitFor(async () => expect(await ask()).toBeGreaterThan(1), 5_000)
      else expect(await ask()).toBeGreaterThan(0)
    })

    test('a result that belongs to its request is got by each request for itself', async () => {
      const key = freshKey()
      const path = `${toolkit}/page/${key}?ms=50`
      const answers = await Promise.all([worker().ask(path), worker().ask(path), worker().ask(path)])
      for (const { status, text } of answers) expect(status, text).toBe(200)
      expect(origin().loads.get(`/${key}`)).toBe(3)
    })

    test('concurrent requests evict, are limited and take a lock in turn', async () => {
      const id = freshKey()
      const asked = await Promise.all([
        ...Array.from({ length: 5 }, () => worker().ask(`${toolkit}/settle/${id}`)),
        ...Array.from({ length: 7 }, () => worker().ask(`${toolkit}/search/${id}`)),
        ...Array.from({ length: 3 }, () => worker().ask(`${toolkit}/save/${id}`)),
      ])
      expect(asked.slice(0, 5).map(({ text }) => text)).toEqual([id, id, id, id, id])
      expect(asked.slice(5, 12).filter(({ status }) => status === 200)).toHaveLength(5)
      expect(asked.slice(12).map(({ text }) => text)).toEqual(['saved', 'saved', 'saved'])
    })
  })
}
