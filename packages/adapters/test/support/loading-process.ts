// Runs in a process of its own, so that a test can kill or stop it in mid-load. One order a line, one answer a line.
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CachedOptions } from '@larder/core'
import { createLarder } from '@larder/core'
import { http } from '../../src/http/index.js'
import { tcp } from '../../src/tcp/index.js'

interface Order {
  /** Concurrent calls of `key`. */
  readonly calls: number
  readonly key: string
  readonly loadMs: number
  /** How long the result is at least, in characters. */
  readonly length?: number
}

const { ADAPTER, OPTIONS = '{}' } = process.env
const adapter = ADAPTER === 'http' ? http() : tcp()
const { cached, events } = createLarder({ adapter })
let loads = 0
let loadMs = 0
let length = 0
const options: CachedOptions = { ttl: '1m', prefix: 'find', dedupe: 'everywhere', ...JSON.parse(OPTIONS) }
const find = cached(options, async (key: string) => {
  loads++
  console.log(JSON.stringify({ loading: key }))
  await sleep(loadMs)
  return `${key} by ${process.pid}`.padEnd(length)
})
let fallbacks = 0
events.on(({ type }) => {
  if (type === 'fallback') fallbacks++
})

const lines = createInterface({ input: process.stdin })
lines.on('line', async (line) => {
  const order: Order = JSON.parse(line)
  loads = 0
  loadMs = order.loadMs
  length = order.length ?? 0
  const startedMs = performance.now()
  const results = await Promise.all(Array.from({ length: order.calls }, () => find(order.key)))
  const tookMs = performance.now() - startedMs
  console.log(JSON.stringify({ results: [...new Set(results)], loads, tookMs, fallbacks }))
})
