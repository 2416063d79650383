import type { Script } from '../adapter/script.js'
import type { Any } from '../decorate/types.js'
import { StoreError } from '../errors/store-error.js'
import { invalidOption } from '../errors/usage-error.js'
import { assertPrefix, taggedKey } from '../keys/layout.js'
import { randomId } from '../keys/random.js'
import type { Toolkit } from '../store/toolkit.js'
import { type Duration, optionalMs, toMs } from '../time/duration.js'
import { createId, parseId, type SessionId, userTagOf } from './session-id.js'
import { openSession, parseSession, touchSession, writeSession } from './session-scripts.js'

export const DEFAULT_SESSION_PREFIX = 'session'

/** How long sessions live. */
export interface SessionsOptions {
  /** How long a session lives: from its last use where it is `rolling`, else from its beginning. More than 0. */
  readonly ttl: Duration
  /** Whether `get` gives the session a new `ttl`. @default true */
  readonly rolling?: boolean
  /** The longest that a session lives in all, however much it is used. More than 0. @default no limit */
  readonly lifetime?: Duration
  /** What keeps these sessions apart from others of the same store. Not empty, not beginning with `$`. @default 'session' */
  readonly prefix?: string
}

/** A session, as it is now. */
export interface Session<Data> {
  /** As it lies in the cookie. */
  readonly id: string
  /** A copy of its own. */
  readonly data: Data
}

/**
 * Sessions of web applications. An id has 192 random bits, and only its hash goes to the store: who reads the store cannot
 * use what is there.
 *
 * Whatever cannot be an id is no session, without asking the store. All methods reject with StoreError when the store
 * fails: nobody is logged out by an outage.
 */
export interface Sessions<Data> {
  /**
   * Begins a session. One command.
   * @param user whose it is, for `destroyAllOf`
   * @returns its id, to be sent in a cookie. @throws UncacheableValueError when the data cannot come back as it is
   */
  create(data: Data, options?: { readonly user?: string }): Promise<string>
  /** The session, `null` where there is none (any more). One command. */
  get(id: string | null | undefined): Promise<Session<Data> | null>
  /** Replaces the data of a session. Its time goes on as it was. One command. @returns `false` where there is none: it is not revived */
  set(id: string, data: Data): Promise<boolean>
  /** Gives a session a new `ttl`, rolling or not. One command. @returns `false` where there is none */
  touch(id: string): Promise<boolean>
  /**
   * Gives a session a new id, and ends the old one. To be called whenever somebody logs in or gains rights, so that an id
   * that was planted before is worth nothing (session fixation). Its `lifetime` begins anew. Three commands; two, as one
   * step, where the user stays the same: an end of all the user's sessions that comes meanwhile ends this one, too.
   * @param options its user from now on, nobody if left out; its data from now on, the same if left out
   * @returns the new id, `null` where there is no session
   */
  regenerate(id: string, options?: { readonly user?: string; readonly data?: Data }): Promise<string | null>
  /** Ends a session. One command. @returns whether there was one */
  destroy(id: string): Promise<boolean>
  /** Ends all sessions of a user, by one command, however many: after a change of the password, or on `log out everywhere`. */
  destroyAllOf(user: string): Promise<void>
}

/**
 * Makes sessions.
 * @throws UsageError that names the option at fault
 *
 * @example
 * const sessions = createSessions<{ cart: string[] }>({ ttl: '30m', lifetime: '12h' })
 * const id = await sessions.create({ cart: [] })
 * const session = await sessions.get(id)
 */
export type SessionsForm = <Data = Any>(options: SessionsOptions) => Sessions<Data>

/** Makes `createSessions` for a toolkit. */
export function createSessionsForm(toolkit: Toolkit): SessionsForm {
  return <Data>(options: SessionsOptions): Sessions<Data> => {
    const { prefix = DEFAULT_SESSION_PREFIX, rolling = true } = options
    assertPrefix(prefix)
    const ttlMs = toMs(options.ttl, 'ttl', 1)
    const lifetimeMs = optionalMs(options.lifetime, 'lifetime', 1) ?? 0

    const userKey = (userTag: string) => taggedKey(toolkit.context().namespace, '$user', userTag, `${prefix}:`)
    /** The session's key and, in the same slot, its user's. */
    const keysOf = ({ hash, userTag }: SessionId) => {
      const session = taggedKey(toolkit.context().namespace, '$session', userTag ?? hash, `${prefix}:${hash}:`)
      return userTag === undefined ? [session] : [session, userKey(userTag)]
    }
    const tagOf = (user: string) => {
      if (typeof user !== 'string' || user === '') throw invalidOption('user', 'must be a string, not empty')
      return userTagOf(prefix, user)
    }
    // Each may be sent twice: a session has one id, and ids are used once.
    const run = <R>(script: Script<R>, keys: readonly string[], args: readonly (string | number)[]) =>
      toolkit.context().store.call('run', true, (to, call) => to.run(script, keys, args, call))
    const isString = (value: unknown) => typeof value === 'string'

    /** @param replaces a session of the same user's @returns `null` where that one is gone */
    async function open(data: Data, user: string | undefined, replaces?: SessionId): Promise<string | null> {
      const id = createId(user === undefined ? undefined : tagOf(user))
      const keys = keysOf(parseId(id) as SessionId)
      const payload = await toolkit.context().serializer.serialize(data, keys[0] as string)
      if (replaces) keys.push(keysOf(replaces)[0] as string)
      const opened = await run(openSession, keys, [payload, ttlMs, lifetimeMs, randomId()])
      return opened === 0 ? null : id
    }

    /** What is stored for a session that holds. */
    async function touch(id: unknown): Promise<string | null> {
      const parsed = parseId(id)
      if (!parsed) return null
      const payload: unknown = await run(touchSession, keysOf(parsed), [ttlMs])
      if (payload === null || isString(payload)) return payload as string | null
      throw new StoreError(toolkit.context().store.adapter.name, 'run', 'malformed')
    }

    async function look(id: unknown): Promise<string | null> {
      const parsed = parseId(id)
      if (!parsed) return null
      const [text = null, generation] = await toolkit.context().store.read(keysOf(parsed))
      const found = text === null ? undefined : parseSession(text)
      return found && (parsed.userTag === undefined || found.generation === generation) ? found.payload : null
    }

    async function find(id: string, payload: string | null): Promise<Session<Data> | null> {
      if (payload === null) return null
      const { serializer, store } = toolkit.context()
      try {
        const [key] = keysOf(parseId(id) as SessionId)
        return { id, data: (await serializer.deserialize(payload, key as string)) as Data }
      } catch (error) {
        throw new StoreError(store.adapter.name, 'run', 'malformed', error)
      }
    }

    async function destroy(id: unknown): Promise<boolean> {
      const parsed = parseId(id)
      if (!parsed) return false
      const keys = keysOf(parsed).slice(0, 1)
      return (await toolkit.context().store.call('delete', true, (to, call) => to.delete(keys, call))) > 0
    }

    return {
      // It replaces none, so there is one.
      create: async (data, { user } = {}) => (await open(data, user)) as string,
      get: async (id) => find(id as string, await (rolling ? touch(id) : look(id))),
      async set(id, data) {
        const parsed = parseId(id)
        if (!parsed) return false
        const keys = keysOf(parsed)
        const payload = await toolkit.context().serializer.serialize(data, keys[0] as string)
        return (await run(writeSession, keys, [payload])) === 1
      },
      touch: async (id) => (await touch(id)) !== null,
      async regenerate(id, { user, ...given } = {}) {
        const session = await find(id, await look(id))
        if (!session) return null
        const data = 'data' in given ? (given.data as Data) : session.data
        const old = parseId(id) as SessionId
        if (user !== undefined && old.userTag === tagOf(user)) return open(data, user, old)
        // The new one first: a failure in between leaves the old one as it was, and of the new nobody has the id.
        const next = await open(data, user)
        await destroy(id)
        return next
      },
      destroy,
      async destroyAllOf(user) {
        const keys = [userKey(tagOf(user))]
        await toolkit.context().store.call('delete', true, (to, call) => to.delete(keys, call))
      },
    }
  }
}
