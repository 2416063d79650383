import { describe, expect, it } from 'vitest'
import { type Adapter, createLarder, type LarderEvent, memory } from '../src/index.js'
import { counting, failing } from '../src/testing/index.js'

/** A store elsewhere, as far as bills go. */
function remote(more: Partial<Adapter> = {}): Adapter {
  const adapter = counting(memory())
  return { ...adapter, name: 'far', capabilities: { ...adapter.capabilities, scripts: 'lua' }, ...more }
}

describe('spend', () => {
  it('counts one command for each call, and prices them per million', async () => {
    const larder = createLarder({ adapter: remote(), price: 2 })
    await larder.cache.set('a', 1, { ttl: '1m' })
    await larder.cache.get('a')

    const { far } = larder.spend()
    expect(far?.calls).toEqual({ getMany: 2, set: 2 })
    expect(far?.commands).toBe(4)
    expect(far?.cost).toBeCloseTo(0.000008, 12)
  })

  it('takes the word of an adapter that knows its bill', async () => {
    const larder = createLarder({ adapter: remote({ billed: () => 7 }) })
    expect(larder.spend()).toEqual({ far: { commands: 7, cost: undefined, calls: {} } })
  })

  it('sends no command where the store is in this process', async () => {
    const larder = createLarder({ price: 2 })
    await larder.cache.set('a', 1, { ttl: '1m' })
    expect(larder.spend().memory).toMatchObject({ commands: 0, cost: 0 })
  })

  it('refuses a price that is no number', () => {
    const larder = createLarder({ price: -1 })
    expect(() => larder.spend()).toThrowError(expect.objectContaining({ code: 'ERR_INVALID_OPTION', option: 'price' }))
  })

  it('tells each call by an event: its commands, its time, and how it failed', async () => {
    const events: LarderEvent[] = []
    const onEvent = (event: LarderEvent) => {
      if (event.type === 'spend') events.push(event)
    }
    await createLarder({ adapter: remote(), onEvent }).cache.get('a')
    await createLarder({ adapter: failing(remote()), onEvent }).cache.get('a')

    expect(events).toEqual([
      expect.objectContaining({ adapter: 'far', operation: 'getMany', commands: 1, error: undefined }),
      // Sent, and sent again, since a read does no harm twice.
      expect.objectContaining({ adapter: 'far', operation: 'getMany', commands: 2, error: expect.any(Error) }),
    ])
  })
})
