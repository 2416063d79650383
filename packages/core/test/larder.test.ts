import { beforeEach, describe, expect, test, vi } from 'vitest'
import type * as Larder from '../src/index.js'
import { cacheOf, createLarder, memory } from '../src/index.js'

describe('createLarder', () => {
  test('makes independent toolkits', async () => {
    const load = vi.fn(async () => 1)
    for (const { cached } of [createLarder(), createLarder()]) await cached('1m', 'find', load)()
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('defaults stand behind the options of each function', async () => {
    const { cached, limiter, locks } = createLarder({
      defaults: { cached: { nullTtl: 0, version: 7 }, lock: { wait: 0 } },
    })
    const load = vi.fn(async () => null)
    const find = cached('1m', 'find', load)
    await find()
    await find()
    expect(load).toHaveBeenCalledTimes(2)
    expect(find.keyOf()).toContain('v7')
    expect(cached({ ttl: 1, prefix: 'own', version: 8 }, load).keyOf()).toContain('v8')
    await locks.acquire('job')
    await expect(locks.acquire('job')).rejects.toMatchObject({ code: 'ERR_LOCK_BUSY' })
    expect(limiter({ prefix: 'l', limit: 1, per: 1 }).prefix).toBe('l')
  })

  test.each([
    [{ namespace: '' }, 'namespace'],
    [{ adapter: {} as never }, 'adapter'],
    [{ store: { budget: 0 } }, 'store.budget'],
    [{ store: { budget: 'soon' as never } }, 'store.budget'],
    [{ store: { breaker: { failures: 0 } } }, 'store.breaker.failures'],
    [{ store: { breaker: { pause: -1 } } }, 'store.breaker.pause'],
  ])('refuses %o by name', (options, option) => {
    expect(() => createLarder(options)).toThrow(expect.objectContaining({ name: 'UsageError', option }))
  })

  test('close closes the adapter, more than once without harm', async () => {
    const adapter = memory()
    const larder = createLarder({ adapter })
    await larder.close()
    await larder.close()
    await expect(adapter.getMany(['a'])).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    // And a cached call still answers.
    expect(await larder.cached('1m', 'find', async () => 1)()).toBe(1)
  })
})

describe('prefixes', () => {
  const load = async () => 1

  test('two functions must not claim one', () => {
    const { cached } = createLarder()
    cached('1m', 'find', load)
    expect(() => cached('1m', 'find', load)).toThrow(
      expect.objectContaining({ code: 'ERR_PREFIX_TAKEN', option: 'prefix' }),
    )
  })

  test('with hotReload, a module may be evaluated again after an edit, and its functions take over', async () => {
    const { Cached, cached, rateLimited } = createLarder({ hotReload: true })
    const evaluate = (name: string) => {
      class Catalog {
        @Cached('1m', 'product')
        async product(id: string): Promise<string> {
          return `${id} ${name}`
        }
      }
      rateLimited({ prefix: 'search', limit: 1, per: '1m' }, async () => [])
      return new Catalog()
    }
    await evaluate('old').product('p1')
    const catalog = evaluate('new')
    expect(await catalog.product('p2')).toBe('p2 new')
    expect(await cacheOf(catalog, 'product').peek('p1')).toBe('p1 old')
    expect(() => cached('1m', 'product', async function offer() {})).toThrow(
      expect.objectContaining({ code: 'ERR_PREFIX_TAKEN' }),
    )
  })

  test('a call that is refused for its options does not keep it', () => {
    const { cached } = createLarder()
    expect(() => cached('5 minutes' as never, 'find', load)).toThrow(expect.objectContaining({ option: 'ttl' }))
    expect(() => cached('5m', 'find', load)).not.toThrow()
  })

  test('a function form needs one', () => {
    const { cached, rateLimited } = createLarder()
    expect(() => cached({ ttl: '1m' }, load)).toThrow(expect.objectContaining({ code: 'ERR_PREFIX_REQUIRED' }))
    expect(() => rateLimited({ limit: 1, per: 1 }, load)).toThrow(
      expect.objectContaining({ code: 'ERR_PREFIX_REQUIRED' }),
    )
  })

  test('a limit around a cached function goes by its prefix', async () => {
    const { cached, rateLimited } = createLarder()
    const home = rateLimited({ limit: 1, per: '1m' }, cached('1m', 'home', load))
    expect(await home()).toBe(1)
    await expect(home()).rejects.toMatchObject({ code: 'ERR_RATE_LIMITED', prefix: 'home' })
  })

  test.each([[''], ['$tag'], [1]])('%o is none', (prefix) => {
    const { cached, limiter } = createLarder()
    expect(() => cached('1m', prefix as string, load)).toThrow(expect.objectContaining({ option: 'prefix' }))
    expect(() => limiter({ prefix: prefix as string, limit: 1, per: 1 })).toThrow(
      expect.objectContaining({ option: 'prefix' }),
    )
  })
})

describe('the default toolkit', () => {
  let larder: typeof Larder
  beforeEach(async () => {
    for (const symbol of Object.getOwnPropertySymbols(globalThis)) {
      if (symbol.description?.startsWith('larder.')) delete (globalThis as Record<symbol, unknown>)[symbol]
    }
    vi.resetModules()
    larder = await import('../src/index.js')
  })

  test('is embedded memory until configured', async () => {
    const find = larder.cached('1m', 'find', async () => 1)
    await find()
    expect(await find.peek()).toBe(1)
    expect((await larder.health()).adapters).toHaveProperty('memory')
  })

  test('is configured after decoration and before the first call', async () => {
    const find = larder.cached('1m', 'find', async () => 1)
    const seen: string[] = []
    larder.events.on(({ type }) => seen.push(type))
    larder.configure({ namespace: 'shop' })
    expect(find.keyOf()).toBe('shop:find:')
    await find()
    expect(seen).toEqual(['miss', 'fill'])
  })

  test('refuses to be configured after the first use', async () => {
    await larder.cache.get('a')
    expect(() => larder.configure({})).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURED_TOO_LATE' }))
  })

  test('shows bad options where they are given', () => {
    expect(() => larder.configure({ namespace: '' })).toThrow(expect.objectContaining({ option: 'namespace' }))
  })

  test('is one for all copies of the package', async () => {
    vi.resetModules()
    const copy = await import('../src/index.js')
    expect(copy.configure).not.toBe(larder.configure)
    copy.configure({ namespace: 'shop' })
    expect(larder.cached('1m', 'find', async () => 1).keyOf()).toBe('shop:find:')
    const search = { search: async () => 1 }.search
    expect(() => copy.cached('1m', 'find', search)).toThrow(expect.objectContaining({ code: 'ERR_PREFIX_TAKEN' }))
    const error = await copy.withLock('', async () => 1).catch((reason: unknown) => reason)
    expect(larder.isLarderError(error)).toBe(true)
    await larder.close()
  })

  describe('with modules evaluated once for each copy of the package', () => {
    /** A module of an application, as a bundle evaluates it: its set-up, a class and a function. */
    const evaluate = ({ configure, Cached, cached, rateLimited }: typeof Larder, namespace = 'shop') => {
      configure({ adapter: memory(), namespace, defaults: { cached: { ttl: '1m' } } })
      class Catalog {
        @Cached('1m', 'product')
        async product(id: string): Promise<string> {
          return id
        }
      }
      const search = rateLimited({ prefix: 'search', limit: 1, per: '1m' }, async () => [])
      return { catalog: new Catalog(), search, find: cached('1m', 'find', async () => 1) }
    }
    const anotherCopy = () => {
      vi.resetModules()
      return import('../src/index.js')
    }

    test('each function takes over from its namesake, and the set-up stays: they share entries and limits', async () => {
      const one = evaluate(larder)
      await one.catalog.product('p1')
      await one.search()
      const other = evaluate(await anotherCopy())
      expect(await larder.cacheOf(other.catalog, 'product').peek('p1')).toBe('p1')
      await expect(other.search()).rejects.toMatchObject({ code: 'ERR_RATE_LIMITED' })
      expect(await other.find()).toBe(1)
      expect(await one.find.peek()).toBe(1)
    })

    test('a function of another name does not', async () => {
      evaluate(larder)
      const { Cached } = await anotherCopy()
      expect(() => {
        class Offers {
          @Cached('1m', 'product')
          async offer(): Promise<void> {}
        }
        return new Offers()
      }).toThrow(expect.objectContaining({ code: 'ERR_PREFIX_TAKEN' }))
    })

    test('in one copy, not even the same function again: it would be wrapped at each call of what wraps it', async () => {
      const copy = await anotherCopy()
      evaluate(larder)
      evaluate(copy)
      expect(() => copy.cached('1m', 'find', async () => 1)).toThrow(
        expect.objectContaining({ code: 'ERR_PREFIX_TAKEN' }),
      )
    })

    test('with hotReload, one copy may say the same again as well, and nothing else', async () => {
      const setUp = () => larder.configure({ adapter: memory(), namespace: 'shop', hotReload: true })
      setUp()
      const find = larder.cached('1m', 'find', async () => 1)
      expect(await find()).toBe(1)
      setUp()
      expect(await larder.cached('1m', 'find', async () => 2)()).toBe(1)
      expect(() => larder.configure({ namespace: 'other', hotReload: true })).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIGURED_TOO_LATE' }),
      )
    })

    test('options that are there and undefined are as good as none', async () => {
      const setUp = ({ configure }: typeof Larder) => configure({ adapter: undefined as never, namespace: 'shop' })
      setUp(larder)
      await larder.cache.get('a')
      expect(() => setUp(larder)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURED_TOO_LATE' }))
      const copy = await anotherCopy()
      expect(() => setUp(copy)).not.toThrow()
    })

    test('what cannot be compared is too late, and no other error', async () => {
      const schema: Record<string, unknown> = { '~standard': { version: 1, vendor: 'own', validate: String } }
      schema.self = schema
      const setUp = ({ configure }: typeof Larder) => configure({ defaults: { cached: { schema: schema as never } } })
      setUp(larder)
      await larder.cache.get('a')
      const copy = await anotherCopy()
      expect(() => setUp(copy)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURED_TOO_LATE' }))
    })

    test('hotReload of a set-up that another replaced before the first call is over', () => {
      larder.configure({ hotReload: true })
      larder.configure({})
      larder.cached('1m', 'find', async () => 1)
      expect(() => larder.cached('1m', 'find', async () => 2)).toThrow(
        expect.objectContaining({ code: 'ERR_PREFIX_TAKEN' }),
      )
    })

    test('another set-up than the one in use is too late', async () => {
      await evaluate(larder).find()
      const copy = await anotherCopy()
      expect(() => evaluate(copy, 'other')).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURED_TOO_LATE' }))
      expect(() => copy.configure({})).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURED_TOO_LATE' }))
    })
  })
})
