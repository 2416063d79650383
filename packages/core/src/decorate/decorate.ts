import { classNameOf } from './identity.js'
import { checkDesignType, copyMetadata, misplaced } from './metadata.js'
import type { Any, AsyncFunction, AsyncMethodDecorator } from './types.js'

/** Where a decorator was applied. */
export interface Site {
  /** The method's name as it stands in its class. */
  readonly key: string | symbol
  /**
   * The class's name where the dialect tells it at once; otherwise it is found from `this`, at construction or at the
   * first call. `''` for a private method: nothing outside its class can find it, so nothing tells which that is.
   */
  readonly className?: string | undefined
  /** Runs `callback` with the class or each instance, as soon as the dialect gives one. */
  readonly onReceiver?: (callback: (receiver: object) => void) => void
}

/**
 * Makes a decorator of a function that wraps a method. The dialect is told by the arguments:
 * - `(method, context)`: TC39 standard
 * - `(target, name, descriptor?)`: `experimentalDecorators`
 * - `({ kind, key, descriptor })`: the 2018 proposal, which Next.js' Turbopack emits without `experimentalDecorators`
 *
 * @throws UsageError (`ERR_DECORATOR_POSITION`) on anything but a method.
 */
export function decorate<Args extends Any[], Result>(
  decorator: string,
  wrap: (method: AsyncFunction, site: Site) => AsyncFunction,
): AsyncMethodDecorator<Args, Result> {
  const assertMethod = (value: unknown, name: unknown): AsyncFunction => {
    if (typeof value === 'function') return value as AsyncFunction
    throw misplaced('ERR_DECORATOR_POSITION', decorator, name, 'is none: use the function form')
  }
  return ((...args: Any[]) => {
    const [first, second, third] = args
    if (typeof second?.kind === 'string' && args.length === 2) {
      const { kind, name, private: isPrivate, addInitializer } = second as ClassMethodDecoratorContext
      return wrap(assertMethod(kind === 'method' && first, name), {
        key: name,
        className: isPrivate ? '' : undefined,
        onReceiver: (callback) =>
          addInitializer(function (this: unknown) {
            callback(this as object)
          }),
      })
    }
    if (args.length === 1 && first?.descriptor) {
      const { kind, key, descriptor } = first
      const method = assertMethod(kind === 'method' && descriptor.value, key)
      return { ...first, descriptor: { ...descriptor, value: wrap(method, { key }) } }
    }
    // A parameter's index stands where a descriptor would.
    const descriptor = third ?? (second !== undefined && Object.getOwnPropertyDescriptor(first, second))
    const method = assertMethod(descriptor?.value, second)
    checkDesignType(decorator, first, second)
    const wrapped = wrap(method, { key: second, className: classNameOf(first) })
    copyMetadata(method, wrapped)
    const replaced = { ...descriptor, value: wrapped }
    // Some compilers ignore what a decorator returns when they passed no descriptor.
    if (!third) Object.defineProperty(first, second, replaced)
    return replaced
  }) as AsyncMethodDecorator<Args, Result>
}
