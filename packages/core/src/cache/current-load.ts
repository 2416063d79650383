import { shared } from '../platform/shared.js'

/** What a method may ask about the load that it is called for. */
export interface CurrentLoad<Result = unknown> {
  /** Aborts when `hardTimeout` gives the load up. Hand it to `fetch` or a database driver. */
  readonly signal: AbortSignal
  /**
   * The result that is to be replaced, a copy of its own, for loads that ask their origin whether it has changed. To keep
   * it, return it: it is fresh again for a ttl. `undefined` where there is none: nothing is stored, or it was evicted.
   */
  readonly previous: Result | undefined
}

/**
 * The load that the calling method runs for. To be asked before the method's first `await`: after that, other loads may
 * have begun. Outside of a load, and for functions with none of the options for freshness, the signal never aborts and
 * there is no previous result, so a method works the same when called directly.
 *
 * @example
 * class Catalog {
 *   @Cached({ ttl: '1m', prefix: 'page', staleIfError: '1h', hardTimeout: '2s' })
 *   async page(url: string): Promise<Page> {
 *     const { signal, previous } = currentLoad<Page>()
 *     const headers = previous ? { 'if-none-match': previous.etag } : undefined
 *     const response = await fetch(url, { signal, headers })
 *     if (response.status === 304 && previous) return previous
 *     return { etag: response.headers.get('etag') ?? '', text: await response.text() }
 *   }
 * }
 */
export function currentLoad<Result = unknown>(): CurrentLoad<Result> {
  const { current } = shared<{ current?: CurrentLoad }>('load', () => ({}))
  return (current ?? { signal: new AbortController().signal, previous: undefined }) as CurrentLoad<Result>
}
