// Loaded here already: the first call would wait for it longer than `turns` does.
import '../../src/cache/extended/reader.js'
import { createLarder, type LarderEvent, type LarderOptions } from '../../src/index.js'
import { fakeClock } from '../../src/testing/index.js'

/** A toolkit under a fake clock, with its events. `settled` waits for what it does in the background. */
export function setUp(options: LarderOptions = {}) {
  const clock = fakeClock()
  const events: LarderEvent[] = []
  const background: Promise<unknown>[] = []
  const larder = createLarder({
    now: clock.now,
    onEvent: (event) => events.push(event),
    waitUntil: (promise) => void background.push(promise),
    ...options,
  })
  return {
    ...larder,
    ...clock,
    events,
    background,
    typesOf: (...types: LarderEvent['type'][]) => events.map(({ type }) => type).filter((type) => types.includes(type)),
    async settled() {
      while (background.length) await background.shift()
    },
  }
}

/** An origin that answers when told to: `calls` are those that came, each with a way to end it. */
export function createOrigin<Result>() {
  const calls: Array<{ args: unknown[]; resolve: (result: Result) => void; reject: (error: unknown) => void }> = []
  const load = (...args: unknown[]) =>
    new Promise<Result>((resolve, reject) => {
      calls.push({ args, resolve, reject })
    })
  return { load, calls }
}

/** Until everything that does not wait for a timer has happened. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}
