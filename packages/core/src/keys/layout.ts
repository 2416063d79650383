import { invalidOption } from '../errors/usage-error.js'
import { sha256 } from './sha256.js'

/** Longer arguments than this, in characters of their canonical text, are replaced by their hash. */
const MAX_PLAIN_ARGS = 160

/**
 * Where things lie in the store. `namespace:prefix:args` for cached results; rooms of our own begin with `$`, which no
 * prefix may. The namespace has its colons escaped and everything after the prefix is balanced text (see `canonical`),
 * so no two different triples make one key.
 */
export function entryKey(namespace: string, prefix: string, args: string): string {
  return `${namespace}:${prefix}:${args.length > MAX_PLAIN_ARGS ? `#${sha256(args)}` : args}`
}

/** The key of a value stored directly, by `cache.set(key, …)`: the caller's key as it is, so that globs work on it. */
export function directKey(namespace: string, key: string): string {
  return `${namespace}:$kv:${key}`
}

/** The stamp that everything in the namespace carries. */
export function namespaceStamp(namespace: string): string {
  return `${namespace}:$all`
}

/** The stamp that every entry of one method carries. */
export function prefixStamp(namespace: string, prefix: string): string {
  return `${namespace}:$prefix:${prefix}`
}

/** The stamp that every entry under a tag carries. */
export function tagStamp(namespace: string, tag: string): string {
  return `${namespace}:$tag:${tag}`
}

/**
 * A key whose hash tag is the caller's own part, so that a script's several keys share a cluster slot. Braces and
 * percent signs in that part are escaped: the braces around it stay the only ones after the prefix.
 */
export function taggedKey(namespace: string, room: `$${string}`, key: string, prefix = ''): string {
  return `${namespace}:${room}:${prefix}{${escapeTag(key)}}`
}

/** The caller's part as it stands between the braces of a {@link taggedKey}. */
export function escapeTag(key: string): string {
  // To look first is three times as fast as to replace nothing.
  return /[%{}]/.test(key) ? key.replace(/[%{}]/g, encodeURIComponent) : key
}

/** The channel under which `bus` sends what an application publishes to `channel`. */
export function busChannel(namespace: string, channel: string): string {
  return `${namespace}:$bus:${channel}`
}

/** Checks a namespace and escapes its colons, the separator of keys. */
export function toNamespace(namespace: string): string {
  if (typeof namespace !== 'string' || namespace === '') throw invalidOption('namespace', 'must be a string, not empty')
  return namespace.replace(/[%:]/g, encodeURIComponent)
}

/** @throws UsageError (`ERR_INVALID_OPTION`) for a prefix that is no string, empty, or in a room of our own. */
export function assertPrefix(prefix: string): void {
  if (typeof prefix !== 'string' || !/^[^$]/.test(prefix)) {
    throw invalidOption('prefix', 'must be a string, not empty, and not begin with $')
  }
}
