/** Values that follow a call through its awaits: the part of AsyncLocalStorage that is used. */
export interface AsyncScope<T> {
  run<R>(value: T, fn: () => R): R
  getStore(): T | undefined
}

type AsyncScopeClass = new () => AsyncScope<never>

interface Runtime {
  readonly AsyncLocalStorage?: AsyncScopeClass
  readonly process?: { getBuiltinModule?(name: string): { AsyncLocalStorage?: AsyncScopeClass } | undefined }
}

/** A new scope, or `undefined` where the runtime has none, as on Workers without the flag `nodejs_compat`. */
export function createAsyncScope<T>(): AsyncScope<T> | undefined {
  // A global on some edges, otherwise a built-in module, asked for in a way that no bundler looks into.
  const { AsyncLocalStorage, process } = globalThis as Runtime
  const Scope = AsyncLocalStorage ?? process?.getBuiltinModule?.('node:async_hooks')?.AsyncLocalStorage
  return Scope && new Scope()
}
