import { describe, expect, it } from 'vitest'
import { createLarder, memory } from '../../src/index.js'
import { collectMetrics } from '../../src/prometheus/index.js'
import { counting } from '../../src/testing/index.js'

describe('collectMetrics', () => {
  it('writes counters and histograms in the text format', async () => {
    const larder = createLarder({ adapter: counting(memory()) })
    const metrics = collectMetrics(larder)
    const price = larder.cached('1m', 'price', async () => 1)
    await price()
    await price()

    const lines = metrics.text().split('\n')
    expect(lines).toContain('# TYPE larder_cache_calls_total counter')
    expect(lines).toContain('larder_cache_calls_total{larder_prefix="price",larder_outcome="hit"} 1')
    expect(lines).toContain('larder_cache_calls_total{larder_prefix="price",larder_outcome="miss"} 1')
    expect(lines).toContain('# TYPE larder_cache_load_duration_seconds histogram')
    expect(lines).toContain('larder_cache_load_duration_seconds_count{larder_prefix="price",larder_stored="true"} 1')
    expect(lines).toContain(
      'larder_cache_load_duration_seconds_bucket{larder_prefix="price",larder_stored="true",le="+Inf"} 1',
    )
    expect(lines).toContain('larder_store_commands_total{larder_adapter="memory",db_operation_name="getMany"} 2')
  })

  it('gives a histogram whose buckets only grow', async () => {
    const larder = createLarder()
    const metrics = collectMetrics(larder)
    for (const id of [1, 2, 3]) await larder.cached('1m', `p${id}`, async () => id)()

    const buckets = metrics.text().match(/^larder_cache_load_duration_seconds_bucket\{larder_prefix="p1".*$/gm) ?? []
    const counts = buckets.map((line) => Number(line.split(' ')[1]))
    expect(counts.length).toBe(12)
    expect(counts).toEqual([...counts].sort())
  })

  it('escapes what a label may hold', async () => {
    const larder = createLarder()
    const metrics = collectMetrics(larder)
    await larder.cached('1m', 'a"b\\c\nd', async () => 1)()
    expect(metrics.text()).toContain('larder_prefix="a\\"b\\\\c\\nd"')
  })

  it('answers a scrape, and stops when told', async () => {
    const larder = createLarder()
    const metrics = collectMetrics(larder)
    metrics.stop()
    await larder.cached('1m', 'price', async () => 1)()
    const response = metrics.response()
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await response.text()).toBe('')
  })
})
