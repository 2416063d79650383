import type { Serializer } from '../../serialize/serializer.js'
import { copierOf, freezeDeep } from './copy.js'
import type { Mark } from './marks.js'
import type { Near } from './near.js'
import type { Sieved } from './sieve.js'

/** How the values of one function are given to callers. */
export interface Sharing {
  readonly prefix: string
  readonly share: 'copy' | 'reference'
  readonly serializer: Serializer
}

/** What a Map, or an argument's place in the memo of keys, keeps of a value. */
export class NearEntry implements Sieved {
  visited = false
  older!: Sieved
  newer!: Sieved
  /** Gives a caller the value. None before it was first read from the text, and none where that is done each time. */
  private give: (() => unknown) | undefined
  /** How many marks had ended when those of this entry were last looked at. */
  private seenEnded: number

  constructor(
    private readonly near: Near,
    private readonly sharing: Sharing,
    readonly key: string,
    readonly stampKeys: readonly string[],
    private readonly marks: readonly Mark[],
    /** As the serializer wrote it. */
    private text: string,
    readonly bytes: number,
    private readonly fromAtMs: number,
    private untilAtMs: number,
  ) {
    this.seenEnded = near.marks.ended
  }

  /**
   * The value at once, or `undefined` when it may not be served, or not without more ado. The whole of a near hit for
   * arguments seen before: everything here is measured in nanoseconds.
   */
  serve(): Promise<unknown> | undefined {
    if (this.give === undefined || !this.isCurrent()) return undefined
    return Promise.resolve(this.hit(this.give()))
  }

  /**
   * The value, read from its text first where needed.
   * @param otherwise where that cannot be read any more
   */
  read(otherwise: () => Promise<unknown>): Promise<unknown> {
    if (this.give) return Promise.resolve(this.hit(this.give()))
    const first = (value: unknown) => this.hit(this.settle(value))
    try {
      const value = this.sharing.serializer.deserialize(this.text, this.key)
      const isLate = typeof (value as Promise<unknown> | null | undefined)?.then === 'function'
      return isLate ? (value as Promise<unknown>).then(first, otherwise) : Promise.resolve(first(value))
    } catch {
      return otherwise()
    }
  }

  /** The value for one who only looks: no hit, and what cannot be read is nothing. */
  async look(): Promise<{ readonly value: unknown } | undefined> {
    try {
      const value = this.give ? this.give() : await this.sharing.serializer.deserialize(this.text, this.key)
      return { value }
    } catch {
      return undefined
    }
  }

  /** Takes a value that was read from the text already, and is given to nobody else unless `share` is `reference`. */
  settle(value: unknown): unknown {
    if (this.sharing.share === 'reference') {
      freezeDeep(value)
      this.give = () => value
    } else {
      this.give = copierOf(value)
    }
    // Two of the same would weigh twice.
    if (this.give) this.text = ''
    return this.give ? this.give() : value
  }

  /** Whether it may be served now: neither too old, nor evicted, nor cut off from the news of evictions. */
  isCurrent(): boolean {
    const { near } = this
    const nowMs = near.now()
    // A clock that was set back says nothing about age.
    if (nowMs >= this.untilAtMs || nowMs < this.fromAtMs || nowMs >= near.validUntilAtMs) return false
    return this.seenEnded === near.marks.ended || this.isLive()
  }

  /** Whether it will never be served again. */
  isOver(): boolean {
    const nowMs = this.near.now()
    return nowMs >= this.untilAtMs || nowMs < this.fromAtMs || !this.isLive()
  }

  /** Whether nothing that it depends on was evicted. */
  isLive(): boolean {
    this.seenEnded = this.near.marks.ended
    const isLive = this.marks.every(({ live }) => live)
    if (!isLive) this.untilAtMs = Number.NEGATIVE_INFINITY
    return isLive
  }

  /** To be called when it is let go: it may still be remembered where its arguments are, and nobody tells it any more. */
  end(): void {
    this.untilAtMs = Number.NEGATIVE_INFINITY
    this.give = undefined
    this.text = ''
    for (const mark of this.marks) this.near.marks.release(mark)
  }

  private hit(value: unknown): unknown {
    const { stats, events } = this.near
    this.visited = true
    stats.hits++
    stats.nearHits++
    if (events.active) events.emit({ type: 'hit', prefix: this.sharing.prefix, key: this.key, tier: 'near' })
    return value
  }
}
