import { trace } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { describe, expect, it } from 'vitest'
import { createLarder, type LarderEvent, memory } from '../../src/index.js'
import { instrument } from '../../src/otel/index.js'
import { counting, failing } from '../../src/testing/index.js'

function watch(options: Parameters<typeof createLarder>[0]) {
  const spans = new InMemorySpanExporter()
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e9 })
  const larder = createLarder(options)
  const stop = instrument(larder, {
    tracerProvider: new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
    meterProvider: new MeterProvider({ readers: [reader] }),
  })
  const points = async () => {
    await reader.forceFlush()
    const { scopeMetrics = [] } = exporter.getMetrics().at(-1) ?? {}
    return scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map(({ attributes, value }) => ({
          name: descriptor.name,
          unit: descriptor.unit,
          attributes,
          value,
        })),
      ),
    )
  }
  return { larder, spans, points, stop }
}

describe('instrument', () => {
  it('counts hits and misses by prefix, and times loads in seconds', async () => {
    const { larder, points } = watch({})
    const price = larder.cached('1m', 'price', async (id: string) => id.length)
    await price('a')
    await price('a')
    await price('a')

    const told = await points()
    const calls = told.filter(({ name }) => name === 'larder.cache.calls')
    expect(calls.map(({ attributes, value }) => [attributes, value])).toEqual([
      [{ 'larder.prefix': 'price', 'larder.outcome': 'miss' }, 1],
      [{ 'larder.prefix': 'price', 'larder.outcome': 'hit' }, 2],
    ])
    const load = told.find(({ name }) => name === 'larder.cache.load.duration')
    expect(load).toMatchObject({ unit: 's', attributes: { 'larder.stored': 'true' }, value: { count: 1 } })
  })

  it('makes a span of each load and each store call, with the time that it took, and no key in it', async () => {
    const { larder, spans } = watch({ adapter: counting(memory()) })
    const slow = larder.cached('1m', 'slow', async (_id: string) => {
      const endMs = performance.now() + 20
      while (performance.now() < endMs);
      return 1
    })
    await slow('secret')

    const ended = spans.getFinishedSpans()
    // The namespace's and the prefix's stamp are new, hence three writes.
    expect(ended.map(({ name }) => name)).toEqual(['getMany', 'set', 'set', 'set', 'load slow'])
    const load = ended.at(-1)
    expect((load?.duration[0] ?? 0) * 1e9 + (load?.duration[1] ?? 0)).toBeGreaterThanOrEqual(19e6)
    expect(ended[0]?.attributes).toMatchObject({ 'db.system.name': 'redis', 'db.operation.name': 'getMany' })
    expect(JSON.stringify(ended.map(({ attributes }) => attributes))).not.toContain('secret')
  })

  it('marks the span of a call that failed, and tells its kind', async () => {
    const { larder, spans } = watch({ adapter: failing(memory()) })
    await larder.cached('1m', 'price', async () => 1)()

    const [read] = spans.getFinishedSpans()
    expect(read?.status.code).toBe(2)
    expect(read?.attributes['error.type']).toBeTruthy()
  })

  it('says nothing after it was stopped', async () => {
    const { larder, spans, stop } = watch({})
    stop()
    await larder.cached('1m', 'price', async () => 1)()
    expect(spans.getFinishedSpans()).toEqual([])
  })

  it('does nothing without an SDK', async () => {
    const larder = createLarder()
    instrument(larder)
    expect(trace.getActiveSpan()).toBeUndefined()
    expect(await larder.cached('1m', 'price', async () => 1)()).toBe(1)
  })

  it('takes every kind of event', () => {
    const listeners: ((event: LarderEvent) => void)[] = []
    instrument({ events: { on: (listener) => listeners.push(listener) as never } })
    const error = new Error('away')
    const all = [
      { type: 'evict', keys: ['a', 'b'] },
      { type: 'denied', prefix: 'api', key: 'k', retryAfterMs: 5 },
      { type: 'lockAcquired', key: 'k', waitedMs: 5 },
      { type: 'lockLost', key: 'k' },
      { type: 'breaker', adapter: 'tcp', state: 'open' },
      { type: 'fallback', operation: 'limit', prefix: 'api', error },
    ] satisfies LarderEvent[]
    expect(() => {
      for (const event of all) for (const listener of listeners) listener(event)
    }).not.toThrow()
  })
})
