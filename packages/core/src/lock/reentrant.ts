import type { invalidOption } from '../errors/usage-error.js'
import { type AsyncScope, createAsyncScope } from '../platform/async-scope.js'
import type { shared } from '../platform/shared.js'
import type { Context } from '../store/toolkit.js'
import type { Kind } from './kind.js'
import type { HeldLock, Lock } from './lock.js'
import type { LockOptions } from './options.js'

/** As in `lock.ts`. Like the tools below it is not imported: what a file that is loaded later shares, everybody loads apart. */
const RUN = Symbol.for('larder.run')
interface Tools {
  readonly shared: typeof shared
  readonly invalidOption: typeof invalidOption
}

/** A lock that a body runs under, and the one outside of it. */
interface Frame {
  readonly context: Context
  readonly kind: Kind
  readonly lock: Lock
  readonly outer: Frame | undefined
  /** The body has ended, while something that it began goes on. */
  over: boolean
}

/** @throws UsageError (`ERR_INVALID_OPTION`) where the runtime cannot follow a call. */
function scopeOfRuntime(tools: Tools): AsyncScope<Frame> {
  const state = tools.shared<{ scope?: AsyncScope<Frame> | undefined }>('reentrant', () => ({}))
  state.scope ??= createAsyncScope<Frame>()
  if (state.scope) return state.scope
  throw tools.invalidOption(
    'reentrant',
    'needs AsyncLocalStorage, which this runtime has not (on Workers: the flag nodejs_compat). Pass the lock on instead',
  )
}

/**
 * The lock that the body around this call holds already, to be used as if it were taken again; else a new one, of which
 * the body that it is for will know. Releasing what was borrowed changes nothing: it is the outer body's.
 *
 * @throws UsageError (`ERR_INVALID_OPTION`) when a reader asks to write: it would wait for itself
 */
export async function acquireAgain(
  context: Context,
  kind: Kind,
  options: LockOptions,
  acquireAnew: () => Promise<HeldLock>,
  tools: Tools,
): Promise<HeldLock> {
  const scope = scopeOfRuntime(tools)
  const isHere = (frame: Frame) =>
    frame.context.store.adapter === context.store.adapter &&
    kind.channels.every((channel) => frame.kind.channels.includes(channel)) &&
    !frame.over &&
    !frame.lock.signal.aborted
  let frame = scope.getStore()
  while (frame && !isHere(frame)) frame = frame.outer
  if (!frame) {
    const lock = await acquireAnew()
    const own: Frame = { context, kind, lock, outer: scope.getStore(), over: false }
    const run = async (body: () => Promise<unknown>) => {
      try {
        return await scope.run(own, body)
      } finally {
        own.over = true
      }
    }
    return Object.defineProperty(lock, RUN, { value: run })
  }
  if (options.mode === 'write' && frame.kind.args[0] === 1) {
    throw tools.invalidOption('mode', "must not be 'write' inside of a body that reads: it would wait for itself")
  }
  return borrowed(kind.name, frame.lock)
}

function borrowed(key: string, lock: Lock): HeldLock {
  return {
    key,
    token: lock.token,
    fence: lock.fence,
    get signal() {
      return lock.signal
    },
    get expiresAtMs() {
      return lock.expiresAtMs
    },
    extend: (ttl) => lock.extend(ttl),
    release: async () => !lock.signal.aborted,
    async [Symbol.asyncDispose]() {},
  }
}
