// What does not return a Promise cannot be decorated.
import { Cached, CacheEvict, CachePut, RateLimited, withLock } from '@larder/core'

export class Catalog {
  // @ts-expect-error: returns a number.
  @Cached('5m', 'a')
  synchronous(): number {
    return 1
  }

  // @ts-expect-error: returns nothing.
  @Cached('5m', 'b')
  nothing(): void {}

  // @ts-expect-error: returns a Promise at times.
  @Cached('5m', 'c')
  sometimes(id: string): string | Promise<string> {
    return id
  }

  // @ts-expect-error: returns a generator.
  @Cached('5m', 'd')
  async *generator(): AsyncGenerator<string> {
    yield 'a'
  }

  // @ts-expect-error: what it returns has `then` and no more.
  @Cached('5m', 'e')
  thenable(): PromiseLike<string> {
    return Promise.resolve('a')
  }

  // @ts-expect-error: returns a number.
  @Cached({ ttl: '5m', prefix: 'f' })
  options(): number {
    return 1
  }

  // @ts-expect-error: returns nothing.
  @CacheEvict({ tags: ['products'] })
  evict(): void {}

  // @ts-expect-error: returns a number.
  @CachePut({ ttl: '5m', prefix: 'a' })
  put(): number {
    return 1
  }

  // @ts-expect-error: returns a number.
  @RateLimited({ limit: 10, per: '1s' })
  limited(): number {
    return 1
  }

  // @ts-expect-error: returns a number.
  @withLock('locked')
  locked(): number {
    return 1
  }

  // @ts-expect-error: a static method that returns a number.
  @Cached('5m', 'g')
  static synchronous(): number {
    return 1
  }
}
