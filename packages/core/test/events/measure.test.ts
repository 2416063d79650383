import { describe, expect, test } from 'vitest'
import { INSTRUMENTS, measure } from '../../src/events/measure.js'
import { type LarderEvent, UncacheableValueError } from '../../src/index.js'

const error = new Error('away')
const of = { prefix: 'find', key: 'shop:find:secret' }

type Told = [instrument: keyof typeof INSTRUMENTS, value: number, attributes: Record<string, string>]

/** For each kind of event, those to measure, and what they come to. A kind that is missing here does not compile. */
const KINDS: { [Type in LarderEvent['type']]: [event: Extract<LarderEvent, { type: Type }>, ...told: Told[]][] } = {
  hit: [
    [{ type: 'hit', ...of }, calls('hit')],
    [
      { type: 'hit', ...of, tier: 'near' },
      ['larder.cache.calls', 1, { 'larder.prefix': 'find', 'larder.outcome': 'hit', 'larder.tier': 'near' }],
    ],
  ],
  miss: [[{ type: 'miss', ...of, reason: 'absent' }, calls('miss')]],
  stale: [[{ type: 'stale', ...of, reason: 'background', ageMs: 5 }, calls('stale')]],
  dedupe: [[{ type: 'dedupe', ...of }, calls('dedupe')]],
  fallback: [
    [{ type: 'fallback', operation: 'cache', prefix: 'find', error }, calls('fallback')],
    [{ type: 'fallback', operation: 'limit', prefix: 'find', error }, cacheEvent('fallback limit')],
    [{ type: 'fallback', operation: 'bus', prefix: 'find', error }, cacheEvent('fallback bus')],
  ],
  refresh: [
    [{ type: 'refresh', ...of, reason: 'stale' }, cacheEvent('refresh')],
    [{ type: 'refresh', ...of, reason: 'early', error }, cacheEvent('refresh failed')],
  ],
  lease: [
    [{ type: 'lease', ...of, taken: true }, cacheEvent('lease taken')],
    [{ type: 'lease', ...of, taken: false }, cacheEvent('lease refused')],
  ],
  uncacheable: [
    [{ type: 'uncacheable', prefix: 'find', error: new UncacheableValueError('$', 'no') }, cacheEvent('uncacheable')],
  ],
  backgroundFailed: [
    [{ type: 'backgroundFailed', error }, ['larder.cache.events', 1, { 'larder.event': 'backgroundFailed' }]],
  ],
  fill: [
    [
      { type: 'fill', ...of, stored: false, loadMs: 1_500 },
      ['larder.cache.load.duration', 1.5, { 'larder.prefix': 'find', 'larder.stored': 'false' }],
    ],
  ],
  evict: [[{ type: 'evict', keys: ['a', 'b'] }, ['larder.cache.evictions', 2, {}]]],
  denied: [[{ type: 'denied', ...of, retryAfterMs: 5 }, ['larder.rate_limit.denied', 1, { 'larder.prefix': 'find' }]]],
  lockAcquired: [[{ type: 'lockAcquired', key: 'k', waitedMs: 20 }, ['larder.lock.wait.duration', 0.02, {}]]],
  lockReleased: [[{ type: 'lockReleased', key: 'k' }, lockEvent('lockReleased')]],
  lockLost: [[{ type: 'lockLost', key: 'k' }, lockEvent('lockLost')]],
  lockReleaseFailed: [[{ type: 'lockReleaseFailed', key: 'k', error }, lockEvent('lockReleaseFailed')]],
  bus: [
    [{ type: 'bus', state: 'disconnected', channels: ['shop:$evict'] }, busEvent('disconnected')],
    [{ type: 'bus', state: 'reconnected', channels: ['shop:$evict'] }, busEvent('reconnected')],
  ],
  listenerFailed: [[{ type: 'listenerFailed', channel: 'user:42', error }, busEvent('listenerFailed')]],
  breaker: [
    [
      { type: 'breaker', adapter: 'tcp', state: 'open' },
      ['larder.store.breaker.changes', 1, { 'larder.adapter': 'tcp', 'larder.state': 'open' }],
    ],
  ],
  spend: [
    [
      { type: 'spend', adapter: 'tcp', operation: 'set', commands: 2, durationMs: 3, error },
      ['larder.store.commands', 2, { 'larder.adapter': 'tcp', 'db.operation.name': 'set' }],
      [
        'db.client.operation.duration',
        0.003,
        { 'db.system.name': 'redis', 'larder.adapter': 'tcp', 'db.operation.name': 'set', 'error.type': 'Error' },
      ],
    ],
  ],
}

describe.each(Object.entries(KINDS) as [string, [LarderEvent, ...Told[]][]][])('an event `%s`', (_type, cases) => {
  test('is measured, without keys or channels, which would make a series each', () => {
    for (const [event, ...told] of cases) {
      expect(measure(event)).toEqual(told.map(([instrument, value, attributes]) => ({ instrument, value, attributes })))
    }
  })
})

test('every instrument is there for some event', () => {
  const used = Object.values(KINDS).flatMap((cases) => cases.flatMap(([, ...told]) => told.map(([name]) => name)))
  expect([...new Set(used)].sort()).toEqual(Object.keys(INSTRUMENTS).sort())
})

function calls(outcome: string): Told {
  return ['larder.cache.calls', 1, { 'larder.prefix': 'find', 'larder.outcome': outcome }]
}

function cacheEvent(name: string): Told {
  return ['larder.cache.events', 1, { 'larder.prefix': 'find', 'larder.event': name }]
}

function lockEvent(name: string): Told {
  return ['larder.lock.events', 1, { 'larder.event': name }]
}

function busEvent(name: string): Told {
  return ['larder.bus.events', 1, { 'larder.event': name }]
}
