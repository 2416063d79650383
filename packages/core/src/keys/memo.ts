/** How many keys are remembered before all are forgotten. */
const MAX_KEYS = 1_000

/** A step on the way to a key: what comes next, by argument, property name or value; at the end, the key itself. */
type Node = Map<unknown, Node | string>

// Marks on the way that no argument can be.
const RECORD = {}
const END = {}

/**
 * Remembers the keys of arguments seen before. Writing a key out means making a text and hashing it; finding it here
 * means a few look-ups by values that are there already. For primitive arguments and records of them; for anything else
 * it knows nothing.
 */
export interface KeyMemo {
  find(args: readonly unknown[]): string | undefined
  remember(args: readonly unknown[], key: string): void
}

export function createKeyMemo(): KeyMemo {
  let root: Node = new Map()
  let size = 0

  /** The node behind `args`, made where it is missing if `make`. */
  function walk(args: readonly unknown[], make: boolean): Node | undefined {
    let node: Node | undefined = root
    const step = (by: unknown) => {
      let next = node?.get(by) as Node | undefined
      if (next === undefined && make) {
        next = new Map()
        node?.set(by, next)
      }
      node = next
    }
    for (const arg of args) {
      if (isLeaf(arg)) step(arg)
      else if (isRecord(arg)) {
        step(RECORD)
        for (const name in arg) {
          const item = arg[name]
          if (!isLeaf(item)) return undefined
          step(name)
          step(item)
        }
        step(END)
      } else return undefined
      if (node === undefined) return undefined
    }
    return node
  }

  return {
    find: (args) => walk(args, false)?.get(END) as string | undefined,
    remember(args, key) {
      const node = walk(args, true)
      if (!node) return
      node.set(END, key)
      if (++size < MAX_KEYS) return
      root = new Map()
      size = 0
    },
  }
}

/** A Map tells these apart as keys do, but for 0 and -0. */
function isLeaf(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return true
    case 'number':
      return value !== 0 || 1 / value > 0
    default:
      return value === null
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    Object.getPrototypeOf(value) === Object.prototype &&
    Object.getOwnPropertySymbols(value).length === 0
  )
}
