import type { Events } from '../events/events.js'
import { BOUNDS_S, INSTRUMENTS, measure } from '../events/measure.js'

/** What {@link collectMetrics} has counted. */
export interface Metrics {
  /** All of it, in Prometheus' text format 0.0.4. */
  text(): string
  /** The same as an answer to a scrape. */
  response(): Response
  /** Stops counting. */
  stop(): void
}

/** One time series of a counter or a histogram. */
interface Series {
  /** A counter's value, or a histogram's sum. */
  sum: number
  count: number
  /** How many were at most each of `BOUNDS_S`. */
  readonly buckets: number[]
}

/**
 * Counts what a toolkit does from now on, for Prometheus to scrape. In this process alone: it is meant for long-lived
 * ones. Labels are prefixes, outcomes and operations, never keys, so there are as many series as functions.
 *
 * @param source a toolkit, or `{ events }` for the default one
 *
 * @example
 * const metrics = collectMetrics({ events })
 * const answer = metrics.response()
 */
export function collectMetrics(source: { readonly events: Events }): Metrics {
  const families = new Map<string, Map<string, Series>>()
  const stop = source.events.on((event) => {
    for (const { instrument, value, attributes } of measure(event)) add(instrument, value, attributes)
  })

  function add(instrument: string, value: number, attributes: Readonly<Record<string, string>>): void {
    const labels = Object.entries(attributes)
      .map(([name, text]) => `${identifier(name)}="${escapeLabel(text)}"`)
      .join()
    const family = families.get(instrument) ?? new Map<string, Series>()
    families.set(instrument, family)
    const series = family.get(labels) ?? { sum: 0, count: 0, buckets: BOUNDS_S.map(() => 0) }
    family.set(labels, series)
    series.sum += value
    series.count++
    for (const [i, bound] of BOUNDS_S.entries()) if (value <= bound) (series.buckets[i] as number)++
  }

  const text = () => [...families].map(([name, family]) => write(name as keyof typeof INSTRUMENTS, family)).join('')
  return {
    text,
    response: () => new Response(text(), { headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } }),
    stop,
  }
}

function write(instrument: keyof typeof INSTRUMENTS, family: Map<string, Series>): string {
  const { kind, unit, description } = INSTRUMENTS[instrument]
  const name = identifier(instrument) + (unit === 's' ? '_seconds' : '_total')
  const lines = [...family].flatMap(([labels, { sum, count, buckets }]) => {
    const line = (suffix: string, value: number, more = '') =>
      `${name}${suffix}{${[labels, more].filter(Boolean).join()}} ${value}`
    if (kind === 'counter') return [line('', sum)]
    return [
      ...buckets.map((below, i) => line('_bucket', below, `le="${BOUNDS_S[i]}"`)),
      line('_bucket', count, 'le="+Inf"'),
      line('_sum', sum),
      line('_count', count),
    ]
  })
  return [`# HELP ${name} ${description}`, `# TYPE ${name} ${kind}`, ...lines, ''].join('\n')
}

function identifier(name: string): string {
  return name.replaceAll('.', '_')
}

function escapeLabel(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
}
