import type { KeyMemo, Slot } from './memo.js'
import { isRecord } from './record.js'

/** How many steps are remembered before all are forgotten. */
const MAX_STEPS = 5_000

/** Longer strings than this, in characters, are not kept. */
const MAX_LENGTH = 160

/** A step on the way to a key: what comes next, by argument, property name or value. */
interface Step extends Slot {
  next: Map<unknown, Step> | undefined
}

// Marks on the way that no argument can be.
const RECORD = {}
const END = {}

/** A {@link KeyMemo} as a tree: each step goes by one argument, or by a name and a value of a record. */
export function createKeyTree(): KeyMemo {
  // All of one shape, as every hit looks at some of them.
  const begin = (): Step => ({ next: undefined, key: undefined, near: undefined })
  let root = begin()
  let size = 0

  const advance = (from: Step, by: unknown): Step => {
    let step = from.next?.get(by)
    if (!step) {
      step = begin()
      // Most steps are the last of their way.
      from.next ??= new Map()
      from.next.set(by, step)
      size++
    }
    return step
  }

  return (args) => {
    if (size > MAX_STEPS) {
      root = begin()
      size = 0
    }
    let step = root
    for (let i = 0; i < args.length; i++) {
      const arg = args[i]
      if (isLeaf(arg)) step = advance(step, arg)
      else {
        if (!isRecord(arg as object)) return undefined
        step = advance(step, RECORD)
        for (const name in arg as object) {
          const item = (arg as Record<string, unknown>)[name]
          if (!isLeaf(item)) return undefined
          step = advance(advance(step, name), item)
        }
        step = advance(step, END)
      }
    }
    return step
  }
}

/** What a Map tells apart as keys do, or what has no key at all. */
function isLeaf(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= MAX_LENGTH
  return (typeof value !== 'object' || value === null) && !Object.is(value, -0)
}
