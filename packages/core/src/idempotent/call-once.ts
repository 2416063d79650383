import { IdempotencyConflictError, IdempotencyMismatchError } from '../errors/idempotency-errors.js'
import { LockBusyError, LockStoreError } from '../errors/lock-errors.js'
import { StoreError } from '../errors/store-error.js'
import { UncacheableValueError } from '../errors/uncacheable-value-error.js'
import { taggedKey } from '../keys/layout.js'
import type { Lock } from '../lock/lock.js'
import { createLocks } from '../lock/locks.js'
import type { Serializer } from '../serialize/serializer.js'
import type { Toolkit } from '../store/toolkit.js'
import { backgroundTimer } from '../time/timer.js'
import type { IdempotentOptions, ResolvedIdempotentOptions } from './options.js'
import { readRecord, writeRecord } from './record.js'

/** One call, of which the options are settled. */
interface Call extends ResolvedIdempotentOptions {
  readonly prefix: string
  readonly key: string
  /** `''` when the key is believed. */
  readonly payloadHash: string
  readonly remainingMs?: () => number
  readonly onStoreError?: IdempotentOptions['onStoreError']
  readonly serializer?: Serializer
  run(): Promise<unknown>
}

/**
 * Runs a call unless it was made before: a lock while it is under way, and a record of its result behind it.
 *
 * The record is looked for before the lock is taken, so that a repeated call costs one command, and again under the lock,
 * since the call may have been made in between. It is written only where there is none: should a lock be lost while the
 * function runs, the first result that was stored is everybody's.
 */
export function callOnce(toolkit: Toolkit): (call: Call) => Promise<unknown> {
  const locks = createLocks(toolkit)

  return async (call) => {
    const { prefix, key, payloadHash, onStoreError } = call
    const { store, namespace, events, ...context } = toolkit.context()
    const serializer = call.serializer ?? context.serializer
    const place = taggedKey(namespace, '$once', key, `${prefix}:`)
    const tell = (error: unknown) => events.emit({ type: 'fallback', operation: 'idempotent', prefix, error })

    /** What is kept of this call, if it was made. */
    async function look(): Promise<{ result: unknown } | undefined> {
      const [text = null] = await store.read([place])
      if (text === null) return undefined
      const record = readRecord(text, place, serializer)
      // Of whatever lies there, nobody may conclude that the call was not made.
      if (!record) throw new StoreError(store.adapter.name, 'getMany', 'malformed')
      if (record.payloadHash !== payloadHash) throw new IdempotencyMismatchError(prefix, key)
      return { result: await record.result() }
    }

    async function acquire(): Promise<Lock> {
      const { lockTtlMs, waitMs, remainingMs } = call
      return locks.acquire(`$once:${prefix}:${key}`, {
        ttl: `${lockTtlMs}ms`,
        wait: `${waitMs}ms`,
        extend: true,
        fair: false,
        reentrant: false,
        ...(remainingMs && { remainingMs }),
      })
    }

    /** The lock, or what was kept in the meantime. */
    async function enter(): Promise<{ lock: Lock } | { result: unknown }> {
      const before = await look()
      if (before) return before
      const lock = await acquire()
      try {
        const meanwhile = await look()
        if (!meanwhile) return { lock }
        await lock[Symbol.asyncDispose]()
        return meanwhile
      } catch (error) {
        await lock[Symbol.asyncDispose]()
        throw error
      }
    }

    let entered: { lock: Lock } | { result: unknown }
    try {
      entered = await enter()
    } catch (error) {
      if (error instanceof LockBusyError) throw new IdempotencyConflictError(prefix, key, error)
      const failure = error instanceof LockStoreError ? error.cause : error
      if (!(failure instanceof StoreError) || onStoreError !== 'run') throw failure
      tell(failure)
      return call.run()
    }
    if ('result' in entered) return entered.result
    const { lock } = entered

    let result: unknown
    try {
      result = await call.run()
    } catch (error) {
      await lock[Symbol.asyncDispose]()
      throw error
    }
    const { text, error } = await writeRecord(payloadHash, result, place, serializer)
    if (error instanceof UncacheableValueError) events.emit({ type: 'uncacheable', prefix, error })

    /** @returns whether it is ours that is kept */
    const keep = async () => {
      const stored = await store.set(place, text, { ttlMs: call.ttlMs, when: 'absent' })
      await lock[Symbol.asyncDispose]()
      return stored
    }
    /** The lock keeps others out while the result is still to be stored. */
    const keepLater = () => {
      backgroundTimer(
        () => {
          if (!lock.signal.aborted) keep().catch(keepLater)
        },
        (Math.random() * call.lockTtlMs) / 10,
      )
    }
    try {
      if (await keep()) return result
      // Another's was first, after our lock was lost; or it is ours, and the answer to the first try got lost.
      const kept = await look()
      return kept ? kept.result : result
    } catch (error) {
      if (error instanceof StoreError) {
        tell(error)
        keepLater()
      }
      return result
    }
  }
}
