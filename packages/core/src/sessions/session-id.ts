import { sha256 } from '../keys/sha256.js'

/** 192 bits, where 128 are asked for: https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html */
const RANDOM_BYTES = 24
/** How much of its user's hash an id carries, in hexadecimal digits. It finds the user's other sessions, and proves nothing. */
const USER_DIGITS = 20
const ID = /^[\w-]{32}(?:\.([0-9a-f]{20}))?$/

/** A session's id, taken apart. Only its hash goes to the store: who reads the store cannot use what is there. */
export interface SessionId {
  readonly hash: string
  /** What finds the user's sessions, `undefined` for a session that is nobody's. */
  readonly userTag: string | undefined
}

/** A new id: unguessable, letters and digits and `-_.` only, 32 or 53 characters. */
export function createId(userTag: string | undefined): string {
  const bytes = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES))
  const random = btoa(String.fromCharCode(...bytes)).replace(/[+/]/g, (sign) => (sign === '+' ? '-' : '_'))
  return userTag === undefined ? random : `${random}.${userTag}`
}

/** @returns `undefined` for what cannot be an id: no store need be asked for it */
export function parseId(id: unknown): SessionId | undefined {
  const match = typeof id === 'string' ? ID.exec(id) : null
  return match ? { hash: sha256(match[0]), userTag: match[1] } : undefined
}

export function userTagOf(prefix: string, user: string): string {
  return sha256(`${prefix}:${user}`).slice(0, USER_DIGITS)
}
