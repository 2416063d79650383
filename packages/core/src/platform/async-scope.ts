/** Values that follow a call through its awaits: the part of AsyncLocalStorage that is used. */
export interface AsyncScope<T> {
  run<R>(value: T, fn: () => R): R
  getStore(): T | undefined
}
type AsyncScopeClass = new () => AsyncScope<never>

/** Where the runtime may keep it: a global on some edges, otherwise a built-in module, which core must not import by name. */
interface Runtime {
  readonly AsyncLocalStorage?: AsyncScopeClass
  readonly process?: { getBuiltinModule?(name: string): { AsyncLocalStorage?: AsyncScopeClass } | undefined }
}

/** A new scope, or `undefined` where the runtime has none, as on Workers without the flag `nodejs_als`. */
export async function createAsyncScope<T>(): Promise<AsyncScope<T> | undefined> {
  const { AsyncLocalStorage, process } = globalThis as Runtime
  // In two parts, or bundlers for the web would look for it.
  const name = ['node', 'async_hooks'].join(':')
  const Scope =
    AsyncLocalStorage ??
    process?.getBuiltinModule?.(name)?.AsyncLocalStorage ??
    ((await import(name).catch(() => ({}))) as { AsyncLocalStorage?: AsyncScopeClass }).AsyncLocalStorage
  return Scope && new Scope()
}
