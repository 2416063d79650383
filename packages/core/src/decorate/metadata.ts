import type { ErrorCode } from '../errors/codes.js'
import { UsageError } from '../errors/usage-error.js'
import type { Any } from './types.js'

/**
 * reflect-metadata is optional. Where an application has loaded it (NestJS, TypeORM, InversifyJS), it helps twice: a
 * method that the compiler recorded as synchronous is refused while the class is defined, and what other decorators
 * have attached to the method is kept on its replacement. Its absence changes nothing.
 */
interface ReflectMetadata {
  getMetadata(key: string, target: object, property: string | symbol): unknown
  getOwnMetadataKeys(target: object): unknown[]
  getOwnMetadata(key: unknown, target: object): unknown
  defineMetadata(key: unknown, value: unknown, target: object): void
}
// Its functions are looked up when they are needed: the application may load it after us.
const reflect = Reflect as Partial<ReflectMetadata>

/** @throws UsageError (`ERR_NOT_ASYNC`) when `emitDecoratorMetadata` recorded a return type that cannot be a Promise. */
export function checkDesignType(decorator: string, target: object, property: string | symbol): void {
  const type = reflect.getMetadata?.('design:returntype', target, property)
  // Unions and interfaces are recorded as Object, inferred types as undefined: they tell nothing.
  if ([String, Number, Boolean, Array, Date, Map, Set].includes(type as Any)) throw notAsync(decorator, property)
}

export function copyMetadata(from: object, to: object): void {
  for (const key of reflect.getOwnMetadataKeys?.(from) ?? []) {
    reflect.defineMetadata?.(key, reflect.getOwnMetadata?.(key, from), to)
  }
}

export function notAsync(decorator: string, method: string | symbol): UsageError {
  return misplaced('ERR_NOT_ASYNC', decorator, method, 'does not: make it async')
}

/** What a decorator says that is not where it belongs. */
export function misplaced(code: ErrorCode, decorator: string, name: unknown, why: string): UsageError {
  const what = name ? `\`${String(name)}\`` : 'this'
  return new UsageError(code, `@${decorator} goes on methods that return a Promise, and ${what} ${why}`)
}
