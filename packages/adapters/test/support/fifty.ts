import { type Adapter, createLarder, type LarderEvent } from '@larder/core'

/** How long the method behind the cache takes. */
const METHOD_MS = 1

export interface Fifty {
  /** What the store added to each call, in milliseconds. */
  readonly addedMs: number[]
  readonly p50: number
  readonly max: number
  readonly events: LarderEvent[]
}

/**
 * 50 cached calls, 20 ms apart, each for a new key and a method of 1 ms, with the product's defaults. `during` is called
 * before each of them. Throws on a wrong value.
 */
export async function fifty(adapter: Adapter, during: (call: number) => unknown = () => {}): Promise<Fifty> {
  const events: LarderEvent[] = []
  const larder = createLarder({ adapter, namespace: `fifty-${Math.random()}`, onEvent: (event) => events.push(event) })
  const find = larder.cached('1m', 'find', async (id: number) => {
    const startedMs = performance.now()
    await new Promise((resolve) => setTimeout(resolve, METHOD_MS))
    // A timer is late where the machine has other work, and that is not the store's doing.
    return { id, tookMs: performance.now() - startedMs }
  })
  const calls: Promise<number>[] = []
  for (let call = 0; call < 50; call++) {
    await during(call)
    const startedMs = performance.now()
    calls.push(
      find(call).then(({ id, tookMs }) => {
        if (id !== call) throw new Error(`call ${call} got the value of ${id}`)
        return performance.now() - startedMs - tookMs
      }),
    )
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const addedMs = await Promise.all(calls)
  const sorted = [...addedMs].sort((a, b) => a - b)
  return { addedMs, events, p50: sorted[25] as number, max: sorted[49] as number }
}
