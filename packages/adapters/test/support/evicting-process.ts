// Runs in a process of its own, so that a test can kill it. Reads and evicts as it is told, and asks the test what the
// truth is whenever it loads. One order a line, one answer a line.
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CachedOptions, createLarder } from '@larder/core'
import { http } from '../../src/http/index.js'
import { tcp } from '../../src/tcp/index.js'

export type Order =
  | { readonly act: 'read' | 'refresh' | 'evict'; readonly id: number; readonly key: string }
  | { readonly act: 'evictTag' | 'evictAll' | 'clear'; readonly id: number }
  /** The answer to `{ asks }`. */
  | { readonly act: 'truth'; readonly id: number; readonly value: number; readonly loadMs: number }

const { ADAPTER, OPTIONS = '{}' } = process.env
const { cached, cache } = createLarder({ adapter: ADAPTER === 'http' ? http() : tcp() })
const say = (line: object) => console.log(JSON.stringify(line))

let asked = 0
const answers = new Map<number, (truth: { value: number; loadMs: number }) => void>()
const options: CachedOptions = { ttl: '1h', prefix: 'truth', tags: ['facts'], ...JSON.parse(OPTIONS) }
const find = cached(options, async (_key: string) => {
  const asks = asked++
  const { value, loadMs } = await new Promise<{ value: number; loadMs: number }>((resolve) => {
    answers.set(asks, resolve)
    say({ asks })
  })
  await sleep(loadMs)
  return value
})

createInterface({ input: process.stdin }).on('line', async (line) => {
  const order: Order = JSON.parse(line)
  const { id } = order
  try {
    switch (order.act) {
      case 'truth':
        answers.get(id)?.(order)
        answers.delete(id)
        return
      case 'read':
        return say({ id, value: await find(order.key) })
      case 'refresh':
        return say({ id, value: await find.refresh(order.key) })
      case 'evict':
        await find.evict(order.key)
        break
      case 'evictTag':
        await cache.evictTags('facts')
        break
      case 'evictAll':
        await find.evictAll()
        break
      case 'clear':
        await cache.clear()
    }
    say({ id, done: true })
  } catch (error) {
    say({ id, error: (error as Error).message })
  }
})
say({ ready: true })
