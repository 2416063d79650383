import { describe, expect, expectTypeOf, test, vi } from 'vitest'
import { type Adapter, createLarder, type LarderEvent, type Listener, memory } from '../../src/index.js'
import { failing, hanging } from '../../src/testing/index.js'

/** Two processes with one store. */
function setUp(adapter: Adapter = memory(), namespace = 'shop') {
  const events: LarderEvent[] = []
  const onEvent = (event: LarderEvent) => {
    if (event.type !== 'spend') events.push(event)
  }
  const one = createLarder({ adapter, namespace, onEvent })
  const two = createLarder({ adapter, namespace })
  return { one, two, events }
}

/** An adapter whose connection the test breaks and mends. */
function breakable() {
  const adapter = memory()
  const listeners: Listener[] = []
  const subscribe: Adapter['subscribe'] = async (channels, listener) => {
    listeners.push(listener)
    return (adapter.subscribe as NonNullable<Adapter['subscribe']>)(channels, listener)
  }
  return {
    adapter: { ...adapter, subscribe },
    disconnect() {
      for (const listener of listeners) listener.onDisconnect?.()
    },
    reconnect() {
      for (const listener of listeners) listener.onReconnect?.()
    },
  }
}

describe('a message', () => {
  test('reaches those who listen to its channel, in other processes and in this one', async () => {
    const { one, two } = setUp()
    const heard: unknown[] = []
    await one.bus.subscribe(['orders'], (message, channel) => heard.push(['one', message, channel]))
    await two.bus.subscribe(['orders', 'other'], (message, channel) => heard.push(['two', message, channel]))
    expect(await one.bus.publish('orders', { id: 7 })).toBe(2)
    await vi.waitFor(() => expect(heard).toHaveLength(2))
    expect(heard).toEqual([
      ['one', { id: 7 }, 'orders'],
      ['two', { id: 7 }, 'orders'],
    ])
  })

  test('reaches those who listen to a pattern, with the name it was published to', async () => {
    const { one, two } = setUp()
    const heard: unknown[] = []
    await two.bus.subscribe({ patterns: ['user:*', 'room:[12]'] }, (message, channel) => heard.push([channel, message]))
    for (const channel of ['user:1', 'users', 'room:2', 'room:3']) await one.bus.publish(channel, channel.length)
    expect(heard).toEqual([
      ['user:1', 6],
      ['room:2', 6],
    ])
  })

  test('arrives with its types: a Date, a Map, undefined', async () => {
    const { one, two } = setUp()
    const heard: unknown[] = []
    await two.bus.subscribe(['orders'], (message) => heard.push(message))
    const message = { at: new Date(0), lines: new Map([['a', 1n]]) }
    await one.bus.publish('orders', message)
    await one.bus.publish('orders', undefined)
    await vi.waitFor(() => expect(heard).toHaveLength(2))
    expect(heard).toEqual([message, undefined])
  })

  test('never overtakes the one before it, however long reading takes', async () => {
    const { one, two } = setUp()
    const heard: unknown[] = []
    await two.bus.subscribe(['orders'], (message) => heard.push(message))
    const messages = [1, new Date(2), 3, new Set([4]), 5]
    for (const message of messages) await one.bus.publish('orders', message)
    await vi.waitFor(() => expect(heard).toHaveLength(5))
    expect(heard).toEqual(messages)
  })

  test('stays in its namespace, whatever the names look like', async () => {
    const adapter = memory()
    const [shop, star] = [createLarder({ adapter, namespace: 'shop' }), createLarder({ adapter, namespace: '*' })]
    const heard: unknown[] = []
    await star.bus.subscribe({ patterns: ['*'] }, (message) => heard.push(message))
    expect(await shop.bus.publish('orders', 'not for the other')).toBe(0)
    expect(await star.bus.publish('orders', 'for us')).toBe(1)
    expect(heard).toEqual(['for us'])
  })

  test('is typed by who publishes and who listens', async () => {
    const { one } = setUp()
    await one.bus.subscribe<{ id: number }>(['orders'], (order, channel) => {
      expectTypeOf(order).toEqualTypeOf<{ id: number }>()
      expectTypeOf(channel).toEqualTypeOf<string>()
    })
    // @ts-expect-error: not an order
    await one.bus.publish<{ id: number }>('orders', 'seven')
  })
})

describe('a listener', () => {
  test('hears nothing more once it has left, while others do', async () => {
    const { one } = setUp()
    const [leaving, staying] = [vi.fn(), vi.fn()]
    const subscription = await one.bus.subscribe(['orders'], leaving)
    await one.bus.subscribe(['orders'], staying)
    await one.bus.publish('orders', 1)
    await Promise.all([subscription.unsubscribe(), subscription.unsubscribe()])
    await one.bus.publish('orders', 2)
    expect(leaving.mock.calls).toEqual([[1, 'orders']])
    expect(staying).toHaveBeenCalledTimes(2)
  })

  test('leaves at the end of its scope', async () => {
    const { one } = setUp()
    const heard = vi.fn()
    {
      await using _subscription = await one.bus.subscribe(['orders'], heard)
    }
    expect(await one.bus.publish('orders', 1)).toBe(0)
    expect(heard).not.toHaveBeenCalled()
  })

  test('may throw or reject: the event tells, the publisher and the other listeners do not notice', async () => {
    const { one, events } = setUp()
    const thrown = new Error('thrown')
    const rejected = new Error('rejected')
    await one.bus.subscribe(['orders'], () => {
      throw thrown
    })
    await one.bus.subscribe(['orders'], async () => {
      throw rejected
    })
    const other = vi.fn()
    await one.bus.subscribe(['orders'], other)
    expect(await one.bus.publish('orders', 1)).toBe(3)
    await vi.waitFor(() => expect(events).toHaveLength(2))
    expect(events).toEqual([
      { type: 'listenerFailed', channel: 'shop:$bus:orders', error: thrown },
      { type: 'listenerFailed', channel: 'shop:$bus:orders', error: rejected },
    ])
    expect(other).toHaveBeenCalledTimes(1)
  })

  test('is spared a message that cannot be read, and hears the next', async () => {
    const { one, events } = setUp()
    const adapter = memory()
    const larder = createLarder({ adapter, namespace: 'shop', onEvent: (event) => events.push(event) })
    const heard = vi.fn()
    await larder.bus.subscribe(['orders'], heard)
    await adapter.publish?.('shop:$bus:orders', 'not one of ours')
    await larder.bus.publish('orders', 2)
    expect(heard.mock.calls).toEqual([[2, 'orders']])
    expect(events).toEqual([{ type: 'listenerFailed', channel: 'shop:$bus:orders', error: expect.any(SyntaxError) }])
    await one.close()
  })

  test('is told when the connection breaks and when messages arrive again, and so is the event stream', async () => {
    const { adapter, disconnect, reconnect } = breakable()
    const { one, events } = setUp(adapter)
    const told: string[] = []
    const subscription = await one.bus.subscribe(['orders'], () => {}, {
      onDisconnect: () => told.push('disconnect'),
      onReconnect: () => {
        told.push('reconnect')
        throw new Error('of the application')
      },
    })
    disconnect()
    reconnect()
    await subscription.unsubscribe()
    disconnect()
    expect(told).toEqual(['disconnect', 'reconnect'])
    await vi.waitFor(() => expect(events).toHaveLength(3))
    expect(events.map((event) => (event.type === 'bus' ? event.state : event.type))).toEqual([
      'disconnected',
      'reconnected',
      'listenerFailed',
    ])
  })
})

describe('when it cannot be', () => {
  test('an adapter without a connection to hold says so, and what to do', async () => {
    const { publish: _publish, subscribe: _subscribe, ...rest } = memory()
    const { one } = setUp({ ...rest, name: 'http', capabilities: { ...rest.capabilities, subscribe: false } })
    for (const attempt of [one.bus.publish('a', 1), one.bus.subscribe(['a'], () => {})]) {
      await expect(attempt).rejects.toMatchObject({
        name: 'UsageError',
        code: 'ERR_BUS_UNSUPPORTED',
        option: 'adapter',
        message: expect.stringContaining('tcp()'),
      })
    }
  })

  test.for([
    ['no channels', []],
    ['an empty name', ['']],
    ['a bare string', 'orders'],
    ['patterns that are none', { patterns: 'user:*' }],
    ['nothing', undefined],
  ] as const)('%s is a UsageError that names the option', async ([, channels]) => {
    const { one } = setUp()
    await expect(one.bus.subscribe(channels as never, () => {})).rejects.toMatchObject({
      code: 'ERR_INVALID_OPTION',
      option: 'channels',
    })
  })

  test('neither a channel that is no string nor a listener that is no function passes', async () => {
    const { one } = setUp()
    await expect(one.bus.publish('', 1)).rejects.toMatchObject({ option: 'channel' })
    await expect(one.bus.subscribe(['a'], undefined as never)).rejects.toMatchObject({ option: 'listener' })
  })

  test('a message that could not arrive as it is rejects, and nothing is sent', async () => {
    const { one } = setUp()
    const heard = vi.fn()
    await one.bus.subscribe(['a'], heard)
    await expect(one.bus.publish('a', () => {})).rejects.toMatchObject({ code: 'ERR_UNCACHEABLE_VALUE' })
    expect(heard).not.toHaveBeenCalled()
  })

  test('a store that fails rejects with StoreError', async () => {
    const { one } = setUp(failing(memory()))
    await expect(one.bus.publish('a', 1)).rejects.toMatchObject({ name: 'StoreError', operation: 'publish' })
    await expect(one.bus.subscribe(['a'], () => {})).rejects.toMatchObject({
      name: 'StoreError',
      operation: 'subscribe',
    })
  })

  test('a message is sent once, although the answer got lost', async () => {
    const adapter = memory()
    let sent = 0
    const { one } = setUp({
      ...adapter,
      async publish() {
        sent++
        throw new Error('the connection broke')
      },
    })
    await expect(one.bus.publish('a', 1)).rejects.toMatchObject({ name: 'StoreError' })
    expect(sent).toBe(1)
  })

  test('a subscription that comes too late is ended, and nobody waits for it', async () => {
    vi.useFakeTimers()
    try {
      const adapter = memory()
      const unsubscribe = vi.fn(async () => {})
      let arrive: (() => void) | undefined
      const { one } = setUp({
        ...adapter,
        subscribe: () =>
          new Promise((resolve) => {
            arrive = () => resolve({ unsubscribe })
          }),
      })
      const rejected = expect(one.bus.subscribe(['a'], () => {})).rejects.toMatchObject({ reason: 'timeout' })
      await vi.advanceTimersByTimeAsync(5_001)
      await rejected
      arrive?.()
      await vi.advanceTimersByTimeAsync(0)
      expect(unsubscribe).toHaveBeenCalledTimes(1)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('close', () => {
  test('ends the subscriptions of its toolkit', async () => {
    const unsubscribe = vi.fn(async () => {})
    const { one } = setUp({ ...memory(), subscribe: async () => ({ unsubscribe }) })
    await one.bus.subscribe(['a'], () => {})
    await one.bus.subscribe(['b'], () => {})
    await Promise.all([one.close(), one.close()])
    expect(unsubscribe).toHaveBeenCalledTimes(2)
  })

  test('does not wait for a store that does not answer', async () => {
    const adapter = memory()
    const { one } = setUp({ ...adapter, subscribe: async () => ({ unsubscribe: () => new Promise<void>(() => {}) }) })
    await one.bus.subscribe(['a'], () => {})
    await one.close()
  })

  test('a subscription under way at that moment rejects and leaves nothing behind', async () => {
    const unsubscribe = vi.fn(async () => {})
    let arrive: (() => void) | undefined
    const { one } = setUp({
      ...memory(),
      subscribe: () =>
        new Promise((resolve) => {
          arrive = () => resolve({ unsubscribe })
        }),
    })
    const rejected = expect(one.bus.subscribe(['a'], () => {})).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await vi.waitFor(() => expect(arrive).toBeDefined())
    await one.close()
    arrive?.()
    await rejected
    expect(unsubscribe).toHaveBeenCalledTimes(1)
  })

  test('hanging stores are not waited for by those who publish', async () => {
    const { one } = setUp(hanging(memory()))
    await expect(one.bus.publish('a', 1)).rejects.toMatchObject({ reason: 'timeout' })
  })
})
