import { cacheOf } from '@larder/core'
import { larder } from './larder.js'
import { tides, today } from './tides.js'

/**
 * Looks up today's tides of all harbours. Begun by the clock and by people, and one at a time wherever it runs: who comes
 * second is told so.
 * @returns how many
 * @throws LockBusyError while another is at it; LockStoreError when Redis cannot tell
 */
export function refreshAll(): Promise<number> {
  return larder.withLock(
    'refresh',
    async ({ signal }) => {
      const harbours = await tides.harbours()
      for (const harbour of harbours) {
        // The lock was lost: somebody else may be at it.
        signal.throwIfAborted()
        await cacheOf(tides, 'on').refresh(harbour, today())
      }
      return harbours.length
    },
    { ttl: '30s', wait: 0 },
  )
}
