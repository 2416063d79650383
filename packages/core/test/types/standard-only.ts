// What `experimentalDecorators` has no types for: it refuses all private methods, and takes a getter for a method where
// both give a function (at run time it is refused).
import { Cached, RateLimited, withLock } from '@larder/core'

export class Catalog {
  @RateLimited({ prefix: 'load', limit: 10, per: '1s', by: (id: string) => id })
  @withLock((id: string) => id)
  @Cached({ ttl: '5m', prefix: 'load', key: (id: string) => id })
  async #load(id: string): Promise<string> {
    return id
  }

  @Cached('5m', 'count')
  static async #count(): Promise<number> {
    return 1
  }

  // @ts-expect-error: does not return a Promise.
  @Cached('5m', 'size')
  #size(): number {
    return 1
  }

  async load(id: string): Promise<string> {
    return `${await this.#load(id)} of ${await Catalog.#count()} by ${this.#size()}`
  }

  // @ts-expect-error: a getter of a function.
  @RateLimited({ limit: 10, per: '1s' })
  get loader(): () => Promise<string> {
    return async () => 'a'
  }
}
