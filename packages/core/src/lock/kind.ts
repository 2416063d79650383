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
  /** The keys of a take: the locks', and behind them the fences'. */
  readonly keys: readonly string[]
  /** The locks' keys alone. They are also the channels on which releases are told. */
  readonly channels: readonly string[]
  readonly take: Script<Take>
  /** Arguments of all three scripts, behind those that change. */
  readonly args: readonly (string | number)[]
  /** Left out: `expireIf`, the adapter's own command. */
  readonly extend?: Script<number>
  /** Left out: `deleteIf`. */
  readonly release?: Script<number> | undefined
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
  const keys = lockKeys(context, name)
  const release = publishes(context) ? releaseScript : undefined
  return { name, keys, channels: [keys[0]], take: acquireScript, args: [], release }
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
  const tag = name.includes('{') && /\{(.+?)\}/.exec(name)?.[1]
  const lock = tag
    ? taggedKey(namespace, '$lock', tag, `${encodeURIComponent(name)}:`)
    : taggedKey(namespace, '$lock', name)
  // The same but for its room: escaped once.
  return [lock, `${namespace}:$fence${lock.slice(namespace.length + ':$lock'.length)}`]
}

/** Whether releases are published: the store can, and is shared with other processes. */
export function publishes({ store }: Context): boolean {
  const { subscribe, scripts } = store.adapter.capabilities
  return subscribe && scripts === 'lua'
}

/** Gives a lock that is still ours a new time. Rejects with `StoreError`. */
export async function extendBy({ store }: Context, kind: Kind, token: string, ttlMs: number): Promise<boolean> {
  const { channels, args } = kind
  const extended = await store.call<number | boolean>('expireIf', true, (to, call) =>
    kind.extend
      ? to.run(kind.extend, channels, [token, ttlMs, ...args], call)
      : to.expireIf(channels[0] as string, token, ttlMs, call),
  )
  return extended === true || extended === 1
}

/** Lets go of a lock that is still ours, or of a place in its queue. Rejects with `StoreError`. */
export async function releaseBy({ store }: Context, kind: Kind, token: string, fence = 0): Promise<boolean> {
  const { channels, args } = kind
  let sent = 0
  const released = await store.call<number | boolean>('deleteIf', true, (to, call) => {
    sent++
    return kind.release
      ? to.run(kind.release, channels, [token, fence, ...args], call)
      : to.deleteIf(channels[0] as string, token, call)
  })
  // The first try may have done it, with its answer lost. Nobody else releases by our token.
  return released === true || released === 1 || sent > 1
}
