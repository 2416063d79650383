/**
 * State that all copies of the package in one process have in common. There can be several: Node loads the ESM and the
 * CommonJS build side by side when an application mixes them. The version is that of the state's shape.
 */
export function shared<T extends object>(name: string, create: () => T): T {
  const symbol = Symbol.for(`larder.1.${name}`)
  const place = globalThis as unknown as Record<symbol, T | undefined>
  place[symbol] ??= create()
  return place[symbol]
}
