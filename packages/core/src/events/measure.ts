import type { LarderEvent } from './events.js'

/** What one event adds to one instrument. Spans of time are in seconds, as OpenTelemetry and Prometheus want them. */
export interface Measurement {
  readonly instrument: keyof typeof INSTRUMENTS
  readonly value: number
  readonly attributes: Readonly<Record<string, string>>
}

/** Every instrument: what it counts, and whether it is a count or a span of time in seconds. */
export const INSTRUMENTS = {
  'larder.cache.calls': { kind: 'counter', unit: '{call}', description: 'Cached calls by what became of them' },
  'larder.cache.load.duration': { kind: 'histogram', unit: 's', description: 'Runs of cached functions' },
  'larder.cache.evictions': { kind: 'counter', unit: '{key}', description: 'Keys and stamps evicted' },
  'larder.cache.events': { kind: 'counter', unit: '{event}', description: 'What else happened in caches' },
  'larder.bus.events': {
    kind: 'counter',
    unit: '{event}',
    description: 'Connections of subscriptions lost and back, listeners that failed',
  },
  'larder.rate_limit.denied': { kind: 'counter', unit: '{call}', description: 'Calls refused by a rate limit' },
  'larder.lock.wait.duration': { kind: 'histogram', unit: 's', description: 'Waits that ended with the lock' },
  'larder.lock.events': { kind: 'counter', unit: '{event}', description: 'Locks released, lost, not released' },
  'larder.store.commands': { kind: 'counter', unit: '{command}', description: 'Commands sent to the store' },
  'larder.store.breaker.changes': {
    kind: 'counter',
    unit: '{change}',
    description: 'The circuit breaker, by new state',
  },
  'db.client.operation.duration': { kind: 'histogram', unit: 's', description: 'Calls to the store' },
} as const

/**
 * Upper bounds of the histograms, in seconds: those that OpenTelemetry advises for database clients, and finer ones below.
 */
export const BOUNDS_S = [0.0002, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]

/** What became of a cached call, by the event that tells it. */
const OUTCOMES = ['stale', 'miss', 'dedupe', 'fallback']

/**
 * What an event means in numbers. Keys never become attributes: there would be as many time series as keys.
 *
 * Names follow OpenTelemetry's semantic conventions for database clients where these have one.
 */
export function measure(event: LarderEvent): Measurement[] {
  const attributes: Record<string, string> = 'prefix' in event ? { 'larder.prefix': event.prefix } : {}
  const one = (instrument: Measurement['instrument'], more: Record<string, string> = {}, value = 1) => [
    { instrument, value, attributes: { ...attributes, ...more } },
  ]
  switch (event.type) {
    case 'fill':
      return one('larder.cache.load.duration', { 'larder.stored': String(event.stored) }, event.loadMs / 1_000)
    case 'evict':
      return one('larder.cache.evictions', {}, event.keys.length)
    case 'denied':
      return one('larder.rate_limit.denied')
    case 'lockAcquired':
      return one('larder.lock.wait.duration', {}, event.waitedMs / 1_000)
    case 'breaker':
      return one('larder.store.breaker.changes', { 'larder.adapter': event.adapter, 'larder.state': event.state })
    case 'spend': {
      const call = { 'larder.adapter': event.adapter, 'db.operation.name': event.operation }
      const failed: Record<string, string> = event.error === undefined ? {} : { 'error.type': errorType(event.error) }
      return [
        ...one('larder.store.commands', call, event.commands),
        ...one(
          'db.client.operation.duration',
          { 'db.system.name': 'redis', ...call, ...failed },
          event.durationMs / 1_000,
        ),
      ]
    }
    case 'hit':
      return one('larder.cache.calls', { 'larder.outcome': 'hit', ...(event.tier && { 'larder.tier': event.tier }) })
    case 'refresh':
      return one('larder.cache.events', { 'larder.event': event.error === undefined ? 'refresh' : 'refresh failed' })
    case 'lease':
      return one('larder.cache.events', { 'larder.event': event.taken ? 'lease taken' : 'lease refused' })
    case 'bus':
      return one('larder.bus.events', { 'larder.event': event.state })
    case 'listenerFailed':
      return one('larder.bus.events', { 'larder.event': event.type })
    default:
      if (event.type === 'fallback' && event.operation !== 'cache') {
        return one('larder.cache.events', { 'larder.event': `fallback ${event.operation}` })
      }
      if (OUTCOMES.includes(event.type)) return one('larder.cache.calls', { 'larder.outcome': event.type })
      return one(event.type.startsWith('lock') ? 'larder.lock.events' : 'larder.cache.events', {
        'larder.event': event.type,
      })
  }
}

/** A short name for an error, of which there are few: its code, else its class. */
export function errorType(error: unknown): string {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown }
  return typeof code === 'string' ? code : typeof error === 'string' ? error : String(name ?? 'unknown')
}
