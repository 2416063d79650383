import type { TracerProvider } from '@opentelemetry/api'
import { type Attributes, type MeterProvider, metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Events, LarderEvent } from '../events/events.js'
import { BOUNDS_S, errorType, INSTRUMENTS, measure } from '../events/measure.js'

/** Where {@link instrument} tells it. */
export interface InstrumentOptions {
  /** @default the global one */
  readonly meterProvider?: MeterProvider
  /** @default the global one */
  readonly tracerProvider?: TracerProvider
  /** Whether loads and store calls become spans. @default true */
  readonly spans?: boolean
}

const SCOPE = '@larder/core'

/**
 * Tells OpenTelemetry what a toolkit does: metrics, and a span for each load and each store call. Needs
 * `@opentelemetry/api` 1.9 or later, and an SDK set up by the application; without one, all of it does nothing.
 *
 * Spans are made when the work is over, with the time when it began, as children of the span that was active for the
 * caller. Keys are not told: they may hold what is nobody's business.
 *
 * @param source a toolkit, or `{ events }` for the default one
 * @returns a function that stops it.
 *
 * @example
 * const stop = instrument(createLarder())
 */
export function instrument(source: { readonly events: Events }, options: InstrumentOptions = {}): () => void {
  const { meterProvider = metrics, tracerProvider = trace, spans = true } = options
  const meter = meterProvider.getMeter(SCOPE)
  const tracer = tracerProvider.getTracer(SCOPE)
  const instruments = new Map<string, (value: number, attributes: Attributes) => void>()
  for (const [name, { kind, ...details }] of Object.entries(INSTRUMENTS)) {
    if (kind === 'counter') {
      const counter = meter.createCounter(name, details)
      instruments.set(name, (value, attributes) => counter.add(value, attributes))
    } else {
      const histogram = meter.createHistogram(name, { ...details, advice: { explicitBucketBoundaries: [...BOUNDS_S] } })
      instruments.set(name, (value, attributes) => histogram.record(value, attributes))
    }
  }

  function span(event: LarderEvent): void {
    const ended = describeSpan(event)
    if (!ended) return
    const nowMs = Date.now()
    const { name, kind, durationMs, attributes, error } = ended
    const made = tracer.startSpan(name, { kind, attributes, startTime: nowMs - durationMs })
    if (error !== undefined) made.setStatus({ code: SpanStatusCode.ERROR, message: errorType(error) })
    made.end(nowMs)
  }

  return source.events.on((event) => {
    for (const { instrument, value, attributes } of measure(event)) instruments.get(instrument)?.(value, attributes)
    if (spans) span(event)
  })
}

function describeSpan(event: LarderEvent) {
  if (event.type === 'fill') {
    return {
      name: `load ${event.prefix}`,
      kind: SpanKind.INTERNAL,
      durationMs: event.loadMs,
      attributes: { 'larder.prefix': event.prefix, 'larder.stored': event.stored },
      error: undefined,
    }
  }
  if (event.type === 'spend') {
    return {
      name: event.operation,
      kind: SpanKind.CLIENT,
      durationMs: event.durationMs,
      attributes: {
        'db.system.name': 'redis',
        'db.operation.name': event.operation,
        'larder.adapter': event.adapter,
        'larder.commands': event.commands,
        ...(event.error === undefined ? {} : { 'error.type': errorType(event.error) }),
      },
      error: event.error,
    }
  }
  return undefined
}
