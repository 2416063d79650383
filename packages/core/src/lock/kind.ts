import type { Script } from '../adapter/script.js'
import { invalidOption } from '../errors/usage-error.js'
import { taggedKey } from '../keys/layout.js'
import type { Context } from '../store/toolkit.js'
import { acquireScript, type Take } from './acquire-script.js'
import type { LockOptions } from './options.js'
import { releaseScript } from './release-script.js'

/** The name of a lock, or of several that are taken together. */
export type LockKey = string | readonly string[]

/**
 * How one kind of lock is taken, extended and let go: by which scripts, and over which keys. All take the arguments
 * `token, …, …args`; see each script.
 */
export interface Kind {
  /** What the lock is called by its users. */
  readonly name: string
  /** The locks' keys, which are also the channels on which releases are told, and behind them the fences. */
  readonly keys: readonly string[]
  readonly channels: readonly string[]
  readonly take: Script<Take>
  /** Arguments of all three scripts, behind those that change. */
  readonly args: readonly (string | number)[]
  /** Left out: `expireIf`, the adapter's own command. */
  readonly extend?: Script<number>
  /** Left out: `deleteIf`. */
  readonly release?: Script<number>
  /** Whether those who wait stand in a queue in the store. */
  readonly queues?: boolean
}

/**
 * The kind of lock that the options ask for. All but the plain one are loaded when they are first asked for.
 * @throws UsageError for a name that is none, or for options that do not go together
 */
export function kindOf(context: Context, key: LockKey, { fair, mode, permits }: LockOptions): Kind | Promise<Kind> {
  const queues = fair || mode || permits
  if (mode && permits) throw invalidOption('permits', 'must not go with `mode`')
  if (typeof key === 'string' || !Array.isArray(key)) {
    const plain = plainKind(context, key as string)
    return queues ? import('./seats.js').then(({ seats }) => seats(plain, mode, permits)) : plain
  }
  if (queues || key.length === 0) throw invalidOption('key', 'must be one name, or several without a queue')
  // Sorted, so that two lists of the same names are one.
  const plain = [...new Set<string>(key)].sort().map((name) => plainKind(context, name))
  return import('./several.js').then(({ several }) => several(plain))
}

function plainKind(context: Context, name: string): Kind {
  const [lock, fence] = lockKeys(context, name)
  const plain: Kind = { name, keys: [lock, fence], channels: [lock], take: acquireScript, args: [] }
  return publishes(context) ? { ...plain, release: releaseScript } : plain
}

/**
 * Where a lock and its fence lie. A name with a hash tag of its own (`{order:42}:stock`) lies in the slot of that tag, so
 * that several can be taken together on a cluster.
 *
 * @throws UsageError (`ERR_INVALID_OPTION`) unless `name` is a string, not empty.
 */
export function lockKeys({ namespace }: Context, name: string): [lock: string, fence: string] {
  if (typeof name !== 'string' || name === '') {
    throw invalidOption('key', 'must be a string, not empty: the name of the lock')
  }
  const tag = /\{(.+?)\}/.exec(name)?.[1]
  const key = (room: '$lock' | '$fence') =>
    tag ? taggedKey(namespace, room, tag, `${encodeURIComponent(name)}:`) : taggedKey(namespace, room, name)
  return [key('$lock'), key('$fence')]
}

/** Whether releases are published: the store can, and is shared with other processes. */
export function publishes({ store }: Context): boolean {
  const { subscribe, scripts } = store.adapter.capabilities
  return subscribe && scripts === 'lua'
}

/** Gives a lock that is still ours a new time. Rejects with `StoreError`. */
export function extendBy({ store }: Context, kind: Kind, token: string, ttlMs: number): Promise<boolean> {
  const { keys, args } = kind
  return store.call('expireIf', true, async (to, call) =>
    kind.extend
      ? (await to.run(kind.extend, keys, [token, ttlMs, ...args], call)) === 1
      : to.expireIf(keys[0] as string, token, ttlMs, call),
  )
}

/** Lets go of a lock that is still ours, or of a place in its queue. Rejects with `StoreError`. */
export function releaseBy({ store }: Context, kind: Kind, token: string, fence = 0): Promise<boolean> {
  const { keys, args } = kind
  let sent = 0
  return store.call('deleteIf', true, async (to, call) => {
    sent++
    const released = kind.release
      ? (await to.run(kind.release, keys, [token, fence, ...args], call)) === 1
      : await to.deleteIf(keys[0] as string, token, call)
    // The first try may have done it, with its answer lost. Nobody else releases by our token.
    return released || sent > 1
  })
}
