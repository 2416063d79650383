// A process with a near tier, or one that listens to the bus. One command a line, one answer a line.
import { createInterface } from 'node:readline'
import { createLarder } from '@larder/core'
import { tcp } from '../../src/tcp/index.js'

const loads: Record<string, number> = {}
const told: string[] = []
const { cached, cache, bus, close } = createLarder({
  adapter: tcp(),
  onEvent: (event) => event.type === 'bus' && told.push(event.state),
})
/** What the database would say: the text that was last given by `truth`. */
let truth = 'first'
const find = cached(
  { ttl: '1h', prefix: 'find', local: { ttl: '1h' }, tags: (id: string) => ['all', `tag:${id}`] },
  async (id: string) => {
    loads[id] = (loads[id] ?? 0) + 1
    return truth
  },
)

const commands: Record<string, (argument: string) => Promise<unknown>> = {
  /** The value, and whether it came from the near tier. */
  async find(id) {
    const { nearHits } = cache.stats()
    return { value: await find(id), near: cache.stats().nearHits - nearHits === 1 }
  },
  async truth(value) {
    truth = value
  },
  evict: (id) => find.evict(id),
  refresh: (id) => find.refresh(id),
  evictAll: () => find.evictAll(),
  evictTag: (tag) => cache.evictTags(tag),
  clear: () => cache.clear(),
  told: async () => told.splice(0),
  async listen(channel) {
    await bus.subscribe([channel], (message) => console.log(JSON.stringify({ message })))
  },
  publish: (channel) => bus.publish(channel, { at: new Date(0) }),
  close,
}

const lines = createInterface({ input: process.stdin })
lines.on('line', async (line) => {
  const [command = '', argument = ''] = line.split(' ')
  const answer = await commands[command]?.(argument).catch((error: Error) => ({ error: error.message }))
  console.log(JSON.stringify(answer ?? null))
})
// From here on, only what else there is keeps the process.
lines.on('close', () => process.stdin.destroy())
