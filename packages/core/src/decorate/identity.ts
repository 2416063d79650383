import { invalidOption } from '../errors/usage-error.js'
import { assertPrefix } from '../keys/layout.js'
import type { Toolkit } from '../store/toolkit.js'
import type { Site } from './decorate.js'
import type { AsyncFunction } from './types.js'
import { layers } from './wrap.js'

/** `o`, `Xt`, `aBe`: what bundlers make of class names, differently on each build. */
const MINIFIED = /^(?![A-Z][a-z]{2}$).{0,3}$|^[^A-Z]/u

/** Of the functions that this copy of the package has wrapped, of whichever toolkit. */
const prefixes = new WeakMap<object, string>()

/** The prefix of the outermost layer of `fn` that has one: a wrapper around it may go by the same. */
export function prefixOf(fn: unknown): string | undefined {
  for (const layer of layers(fn)) {
    const prefix = prefixes.get(layer)
    if (prefix !== undefined) return prefix
  }
  return undefined
}

/**
 * The prefix of a wrapped function: what keeps its entries apart from every other's. Given, or `Class.method`.
 *
 * Claimed once per toolkit and kind. Where one process has the package in several copies, each in a bundle of its own, the
 * modules around them are there several times too: so a function takes over from one of its name in another copy. In one
 * copy that would hide that a function is wrapped again and again, each time with other variables around it, so there it
 * takes `hotReload`.
 *
 * It is settled as early as the dialect allows (while the class is defined, at the first construction, or at the first
 * call), so a mistake shows before anything is stored under a wrong name.
 *
 * @param receiver `this` of the call
 * @throws UsageError `ERR_PREFIX_REQUIRED` or `ERR_PREFIX_TAKEN`
 */
export type Identity = (receiver?: unknown) => string

/**
 * @param kind `cache` or `limit`: one method may use the same prefix for both
 * @param owner the wrapped function, under the name of the one inside
 */
export function createIdentity(
  toolkit: Toolkit,
  kind: string,
  owner: AsyncFunction,
  given: string | undefined,
  site: Site | undefined,
): Identity {
  const { claims } = toolkit
  let prefix: string | undefined
  const claim = (name: string) => {
    const slot = `${kind}:${name}`
    const before = claims.get(slot) as AsyncFunction | undefined
    if (before && ((prefixes.has(before) && !claims.has('hot')) || before.name !== owner.name)) {
      throw invalidOption('prefix', `${name} belongs to another function: give each its own`, 'ERR_PREFIX_TAKEN')
    }
    claims.set(slot, owner)
    prefixes.set(owner, name)
    prefix = name
    return name
  }
  const derive = (fullName = '') => {
    // esbuild names a class that mentions itself `_Catalog`.
    const className = fullName.replace(/^_+/, '')
    const name = site && `${className}.${String(site.key)}`
    if (name && !MINIFIED.test(className)) return claim(name)
    const why = name ? `: \`${name}\` may not` : ''
    throw invalidOption('prefix', `must be given, the same on every build${why}`, 'ERR_PREFIX_REQUIRED')
  }
  const identity: Identity = (receiver) => prefix ?? derive(site && classOf(receiver, owner, site.key))

  if (given !== undefined) {
    assertPrefix(given)
    claim(given)
  } else if (!site || site.className !== undefined) derive(site?.className)
  else site.onReceiver?.(identity)
  return identity
}

/** The name of the class that defines `method`, which need not be that of the instance, nor the class it is called on. */
function classOf(receiver: unknown, method: object, key: string | symbol): string | undefined {
  for (let at = receiver as object; at; at = Object.getPrototypeOf(at)) {
    for (const layer of layers(Object.getOwnPropertyDescriptor(at, key)?.value)) {
      if (layer === method) return classNameOf(at)
    }
  }
  return receiver ? classNameOf(receiver) : undefined
}

/** @param receiver an instance, a prototype, or the class itself */
export function classNameOf(receiver: object): string {
  return (typeof receiver === 'function' ? receiver : receiver.constructor).name
}
