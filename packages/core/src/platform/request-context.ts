interface RequestContext {
  readonly waitUntil?: (promise: Promise<unknown>) => void
}

/**
 * The `waitUntil` of Next.js, which hosts of it hand to libraries by a well-known symbol: Next.js itself need not be
 * imported for it. There is none outside a request, nor where the host is an ordinary process.
 */
export function waitUntilOfNext(promise: Promise<unknown>): boolean {
  const place = globalThis as { [symbol: symbol]: { get?(): RequestContext | undefined } | undefined }
  const waitUntil = place[Symbol.for('@next/request-context')]?.get?.()?.waitUntil
  waitUntil?.(promise)
  return !!waitUntil
}
