import type { Scheduler } from 'fast-check'
import type { Adapter, Channels, Listener } from '../../src/index.js'

/**
 * The same store, but each answer, and each arrival of a call, waits for its turn: fast-check decides the order. This is
 * how a network behaves between processes that share a store.
 */
export function scheduled(adapter: Adapter, scheduler: Scheduler, name: string): Adapter {
  const later =
    <Args extends unknown[], R>(label: string, call: (...args: Args) => Promise<R>) =>
    async (...args: Args): Promise<R> => {
      await scheduler.schedule(Promise.resolve(), `${name} ${label} arrives`)
      const answer = await call(...args)
      await scheduler.schedule(Promise.resolve(), `${name} ${label} answered`)
      return answer
    }
  const { subscribe } = adapter
  return {
    ...adapter,
    name,
    getMany: later('getMany', adapter.getMany),
    set: later('set', adapter.set),
    delete: later('delete', adapter.delete),
    deleteIf: later('deleteIf', adapter.deleteIf),
    run: later('run', adapter.run) as Adapter['run'],
    ...(adapter.publish && { publish: later('publish', adapter.publish) }),
    ...(subscribe && {
      subscribe: later('subscribe', (channels: Channels, listener: Listener) =>
        subscribe(channels, {
          ...listener,
          async onMessage(...message) {
            await scheduler.schedule(Promise.resolve(), `${name} is told`)
            listener.onMessage(...message)
          },
        }),
      ),
    }),
  }
}
