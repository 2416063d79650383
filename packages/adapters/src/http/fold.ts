/** A command, as it stands in a request. Every part is text: how a number is written is not left to the client. */
export type Command = readonly string[]

/** Sends commands, in order, as one request, and gives as many replies. It ends when `controller` aborts. */
export type Post<Reply> = (commands: readonly Command[], controller: AbortController) => Promise<readonly Reply[]>

/** Sends a command, and rejects as soon as `signal` aborts. */
export type Send<Reply> = (command: Command, signal?: AbortSignal) => Promise<Reply>

/** A larger request may be refused as a whole, and holds up all whose commands are in it. */
const MAX_COMMANDS = 1_000
const MAX_CHARACTERS = 512 * 1_024

interface Call<Reply> {
  readonly command: Command
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: unknown) => void
  /** Nobody waits for it any longer. */
  given?: boolean
}

/** The commands of one request. */
interface Batch<Reply> {
  readonly calls: Call<Reply>[]
  characters: number
  /** How many still wait. With the last that gives up, so does the request. */
  waiting: number
  controller?: AbortController
  done?: Promise<void>
}

/**
 * Gathers the commands of one tick into one request, in the order in which they were sent. What is too much for one goes
 * out in several, one after the other, so that the order holds among these as well.
 *
 * Nothing of it outlives its tick but the request itself: on Workers a tick belongs to one visitor's request, and no other
 * may wait for what that one has begun.
 */
export function foldCommands<Reply>(post: Post<Reply>): Send<Reply> {
  let last: Batch<Reply> | undefined

  async function deliver(batch: Batch<Reply>, before: Promise<void> | undefined): Promise<void> {
    // What a toolkit has folded arrives a few turns late. Still the same tick.
    for (let turn = 0; turn < 4; turn++) await undefined
    if (last === batch) last = undefined
    await before
    const calls = batch.calls.filter((call) => !call.given)
    if (calls.length === 0) return
    // Not before there is a call: on Workers none can be made while modules load.
    const controller = new AbortController()
    batch.controller = controller
    try {
      const replies = await post(
        calls.map((call) => call.command),
        controller,
      )
      calls.forEach((call, i) => {
        call.resolve(replies[i] as Reply)
      })
    } catch (error) {
      for (const call of calls) call.reject(error)
    }
  }

  return (command, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      if (!last || last.calls.length === MAX_COMMANDS || last.characters > MAX_CHARACTERS) {
        const before = last?.done
        last = { calls: [], characters: 0, waiting: 0 }
        last.done = deliver(last, before)
      }
      const batch = last
      for (const part of command) batch.characters += part.length
      batch.waiting++
      const giveUp = () => {
        call.given = true
        reject(signal?.reason)
        if (--batch.waiting === 0) batch.controller?.abort()
      }
      const settle =
        <T>(act: (outcome: T) => void) =>
        (outcome: T) => {
          signal?.removeEventListener('abort', giveUp)
          act(outcome)
        }
      const call: Call<Reply> = signal
        ? { command, resolve: settle(resolve), reject: settle(reject) }
        : { command, resolve, reject }
      batch.calls.push(call)
      signal?.addEventListener('abort', giveUp)
    })
}
