import { platform } from './index.js'

/** Values that follow a call through its awaits: the part of AsyncLocalStorage that is used. */
export interface AsyncScope<T> {
  run<R>(value: T, fn: () => R): R
  getStore(): T | undefined
}

export interface AsyncHooks {
  readonly AsyncLocalStorage?: new () => AsyncScope<never>
}

interface Runtime extends AsyncHooks {
  readonly process?: { getBuiltinModule?(name: string): AsyncHooks | undefined }
}

/** A new scope, or `undefined` where the runtime has none, as on Workers without the flag `nodejs_compat`. */
export async function createAsyncScope<T>(): Promise<AsyncScope<T> | undefined> {
  // A global on some edges, otherwise a built-in module. Node 20.12 to 20.15 can only import it.
  const { AsyncLocalStorage, process } = globalThis as Runtime
  const hooks = process?.getBuiltinModule?.('node:async_hooks') ?? (await platform.asyncHooks?.())
  const Scope = AsyncLocalStorage ?? hooks?.AsyncLocalStorage
  return Scope && new Scope()
}
