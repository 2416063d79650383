/** A command, as it stands in a request. Every part is text: how a number is written is not left to the client. */
export type Command = readonly string[]

/** Sends commands, in order, as one request, and gives as many replies. It ends when `controller` aborts. */
export type Post<Reply> = (commands: readonly Command[], controller: AbortController) => Promise<readonly Reply[]>

/** Sends a command, and rejects as soon as `signal` aborts. */
export type Send<Reply> = (command: Command, signal?: AbortSignal) => Promise<Reply>

/** A larger request may be refused as a whole, and holds up all whose commands are in it. */
const MAX_COMMANDS = 1_000
const MAX_CHARACTERS = 512 * 1_024

/** How many turns a tick is given. What a toolkit has folded, and what looks something up first, comes a few turns late. */
const TURNS = 10

interface Call<Reply> {
  readonly command: Command
  resolve(reply: Reply): void
  reject(error: unknown): void
  /** Listens no longer for its caller to give up. */
  leave(): void
}

/** The commands of one request. */
interface Batch<Reply> {
  readonly calls: Set<Call<Reply>>
  characters: number
  controller?: AbortController
  done?: Promise<void>
}

/**
 * Gathers the commands of one tick into one request, in the order in which they were sent. What is too much for one goes
 * out in several, one after the other, so that the order holds among these as well. A request ends when the last who
 * waited for it has given up.
 *
 * Nothing of it outlives its tick but the request itself: on Workers a tick belongs to one visitor's request, and no other
 * may wait for what that one has begun.
 */
export function foldCommands<Reply>(post: Post<Reply>): Send<Reply> {
  let last: Batch<Reply> | undefined

  async function deliver(batch: Batch<Reply>, before: Promise<void> | undefined): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) await undefined
    if (last === batch) last = undefined
    await before
    const calls = [...batch.calls]
    if (!calls.length) return
    const controller = new AbortController()
    batch.controller = controller
    try {
      const commands = calls.map(({ command }) => command)
      const replies = await post(commands, controller)
      calls.forEach((call, i) => {
        call.resolve(replies[i] as Reply)
      })
    } catch (error) {
      for (const call of calls) call.reject(error)
    }
    for (const call of calls) call.leave()
  }

  return (command, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      if (!last || last.calls.size === MAX_COMMANDS || last.characters > MAX_CHARACTERS) {
        const before = last?.done
        last = { calls: new Set(), characters: 0 }
        last.done = deliver(last, before)
      }
      const batch = last
      const giveUp = () => {
        reject(signal?.reason)
        batch.calls.delete(call)
        if (!batch.calls.size) batch.controller?.abort()
      }
      const call = { command, resolve, reject, leave: () => signal?.removeEventListener('abort', giveUp) }
      signal?.addEventListener('abort', giveUp)
      batch.calls.add(call)
      for (const part of command) batch.characters += part.length
    })
}
