import { type Reply, ReplyFault, Status } from './reply.js'

const CR = 13
const INCOMPLETE = Symbol('incomplete')

/** An array whose items are still coming in. */
interface OpenArray {
  readonly items: Reply[]
  readonly length: number
}

/**
 * Makes replies of the bytes of one connection. Each byte is looked at once, however the network has cut them: a reply of
 * many megabytes costs no more than as many small ones.
 */
export class ReplyReader {
  readonly #open: OpenArray[] = []
  #held: Buffer[] = []
  #heldBytes = 0
  /** How many bytes there must be before it is worth another look. */
  #neededBytes = 0
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0

  /**
   * The replies that `chunk` completes.
   * @throws an Error when the other side does not speak RESP2.
   */
  push(chunk: Buffer): Reply[] {
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    if (this.#heldBytes < this.#neededBytes) return []
    this.#bytes = this.#held.length === 1 ? chunk : Buffer.concat(this.#held)
    this.#at = 0
    this.#neededBytes = 0

    const replies: Reply[] = []
    for (;;) {
      const start = this.#at
      const item = this.#next()
      if (item === INCOMPLETE) {
        const rest = this.#bytes.subarray(start)
        this.#held = rest.length ? [rest] : []
        this.#heldBytes = rest.length
        return replies
      }
      if (item !== undefined) this.#deliver(item, replies)
    }
  }

  /** The next reply that is not an array, or `undefined` where an array begins. */
  #next(): Reply | undefined | typeof INCOMPLETE {
    const start = this.#at
    const lineEnd = this.#bytes.indexOf(CR, start)
    if (lineEnd === -1 || lineEnd + 1 >= this.#bytes.length) return INCOMPLETE
    const line = this.#bytes.toString('utf8', start + 1, lineEnd)
    const end = lineEnd + 2
    const kind = String.fromCharCode(this.#bytes[start] as number)
    if (kind === '$') return this.#bulk(Number(line), start, end)
    this.#at = end
    if (kind === '+') return new Status(line)
    if (kind === '-') return new ReplyFault(line)
    if (kind === ':') return toInteger(line)
    if (kind !== '*') throw new Error('the server does not speak RESP2')
    const length = Number(line)
    if (length === -1) return null
    if (length === 0) return []
    this.#open.push({ items: [], length })
    return undefined
  }

  #bulk(length: number, start: number, end: number): Reply | typeof INCOMPLETE {
    if (length === -1) {
      this.#at = end
      return null
    }
    if (this.#bytes.length < end + length + 2) {
      this.#neededBytes = end - start + length + 2
      return INCOMPLETE
    }
    this.#at = end + length + 2
    return this.#bytes.subarray(end, end + length)
  }

  /** Puts an item into the array it belongs to, and that one, if it is complete now, where it belongs. */
  #deliver(item: Reply, replies: Reply[]): void {
    let complete = item
    for (let array = this.#open.at(-1); array; array = this.#open.at(-1)) {
      array.items.push(complete)
      if (array.items.length < array.length) return
      this.#open.pop()
      complete = array.items
    }
    replies.push(complete)
  }
}

function toInteger(digits: string): number | bigint {
  const number = Number(digits)
  return Number.isSafeInteger(number) ? number : BigInt(digits)
}
