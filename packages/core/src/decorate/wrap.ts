import { shared } from '../platform/shared.js'
import type { AsyncFunction } from './types.js'

/** From a wrapped function to the one inside it. */
const inner = () => shared('inner', () => new WeakMap<object, AsyncFunction>())

/** Makes `wrapper` pass for `fn`: its name, its length, and a way back to it. */
export function wrapAs<F extends AsyncFunction>(wrapper: AsyncFunction, fn: F): F {
  for (const property of ['name', 'length'] as const) {
    Object.defineProperty(wrapper, property, { value: fn[property], configurable: true })
  }
  inner().set(wrapper, fn)
  return wrapper as F
}

/** `fn` and every function that it wraps, outermost first. */
export function* layers(fn: unknown): Generator<object> {
  for (let at = fn; typeof at === 'function'; at = inner().get(at)) yield at
}
