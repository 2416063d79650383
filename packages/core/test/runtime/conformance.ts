/**
 * What decorated methods do, whichever compiler turned the decorators into calls. One file, no test runner and no
 * syntax that a compiler may lack: it is compiled by each of them and run as it comes out.
 */
import {
  cacheManyOf,
  cacheOf,
  compressed,
  createLarder,
  encrypted,
  isLarderError,
  type LarderError,
  RateLimitedError,
  UsageError,
} from '@larder/core'

/** What the compiler did to the names of classes. */
export interface Conditions {
  /** Class names are mangled, so no prefix can be made of them. */
  readonly mangled?: boolean
}

type Check = (conditions: Conditions) => Promise<void> | void

function equal(actual: unknown, expected: unknown, what: string): void {
  if (!Object.is(actual, expected)) throw new Error(`${what}: expected ${String(expected)}, got ${String(actual)}`)
}

/** What `action` throws or rejects with. */
async function failure(action: () => unknown): Promise<unknown> {
  try {
    await action()
  } catch (error) {
    return error
  }
  throw new Error('expected a failure, and there was none')
}

const codeOf = (error: unknown) => (isLarderError(error) ? (error as LarderError).code : `no code: ${String(error)}`)

/** A promise that others wait for until it is opened. */
function createGate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

const checks: Record<string, Check> = {
  async 'runs the method on a miss and not on a hit, with `this`'() {
    const { Cached } = createLarder()
    class Catalog {
      runs = 0
      shop = 'north'
      @Cached('1m', 'product')
      async product(id: string): Promise<string> {
        this.runs++
        return `${this.shop}/${id}`
      }
    }
    const catalog = new Catalog()
    equal(await catalog.product('p1'), 'north/p1', 'miss')
    equal(await catalog.product('p1'), 'north/p1', 'hit')
    equal(catalog.runs, 1, 'runs after a hit')
    equal(await catalog.product('p2'), 'north/p2', 'other arguments')
    equal(catalog.runs, 2, 'runs after a miss')
    equal(await cacheOf(catalog, 'product').peek('p1'), 'north/p1', 'peek')
    await cacheOf(catalog, 'product').evict('p1')
    await catalog.product('p1')
    equal(catalog.runs, 3, 'runs after an eviction')
  },

  'keeps the name, the length and the place of the method'() {
    const { Cached, RateLimited, withLock } = createLarder()
    class Catalog {
      @RateLimited({ prefix: 'search', limit: 1, per: '1m' })
      @withLock('search')
      @Cached('1m', 'search')
      async search(word: string, _limit = 10): Promise<string> {
        return word
      }
    }
    equal(Catalog.prototype.search.name, 'search', 'name')
    equal(Catalog.prototype.search.length, 1, 'length')
    equal(Object.keys(Catalog.prototype).length, 0, 'enumerable methods')
    equal(Object.keys(new Catalog()).length, 0, 'own properties')
  },

  async 'makes the prefix of the names of the class and the method, and asks for one where they are mangled'({
    mangled,
  }) {
    const { Cached, RateLimited } = createLarder()
    const shelf = Symbol('shelf')
    const define = () => {
      // No other binding has this name: esbuild gives a number to the second of a name.
      class Pantry {
        @RateLimited({ limit: 1, per: '1m' })
        @Cached('1m')
        async product(id: string): Promise<string> {
          return id
        }
        @Cached('1m')
        static async count(): Promise<number> {
          return 1
        }
        @Cached('1m')
        async [shelf](): Promise<number> {
          return 1
        }
      }
      return Pantry
    }
    if (mangled) {
      equal(codeOf(await failure(() => new (define())().product('p1'))), 'ERR_PREFIX_REQUIRED', 'method')
      equal(codeOf(await failure(() => define().count())), 'ERR_PREFIX_REQUIRED', 'static method')
      return
    }
    const Defined = define()
    // Called by way of a subclass first: it is the class that defines the method which counts.
    class CornerPantry extends Defined {}
    const corner = new CornerPantry()
    equal(cacheOf(corner, 'product').keyOf('p1'), 'larder:Pantry.product:"p1"', 'key')
    equal(cacheOf(CornerPantry, 'count').keyOf(), 'larder:Pantry.count:', 'key of the static method')
    equal(cacheOf(corner, shelf).keyOf(), 'larder:Pantry.Symbol(shelf):', 'key of the method named by a symbol')
    await corner.product('p1')
    const refused = (await failure(() => corner.product('p1'))) as RateLimitedError
    equal(refused.prefix, 'Pantry.product', 'prefix of the limit')
  },

  async 'loads of many ids those that are not stored, with `this`'() {
    const { CachedMany } = createLarder()
    class Catalog {
      runs: string[] = []
      shop = 'north'
      @CachedMany({ ttl: '1m', prefix: 'products', tags: (id: string) => [id] })
      async products(ids: readonly string[]): Promise<Map<string, string>> {
        this.runs.push(ids.join())
        return new Map(ids.map((id) => [id, `${this.shop}/${id}`]))
      }
    }
    const catalog = new Catalog()
    equal(Catalog.prototype.products.name, 'products', 'name')
    equal([...(await catalog.products(['p1', 'p2']))].join(' '), 'p1,north/p1 p2,north/p2', 'misses')
    equal([...(await catalog.products(['p3', 'p2', 'p3'])).keys()].join(), 'p3,p2', 'order')
    await cacheManyOf(catalog, 'products').evict(['p1'])
    await catalog.products(['p1', 'p2', 'p3'])
    equal(catalog.runs.join(' '), 'p1,p2 p3 p1', 'runs')
  },

  async 'compresses and encrypts what it stores'() {
    const keys = { k1: crypto.getRandomValues(new Uint8Array(32)) }
    const rows = Array.from({ length: 300 }, (_, i) => ({ id: `p${i}`, since: new Date(i) }))
    for (const serializer of [
      compressed(),
      compressed({ format: 'deflate-raw' }),
      encrypted({ keys, current: 'k1', serializer: compressed() }),
    ]) {
      const { cached } = createLarder({ serializer })
      let runs = 0
      const list = cached('1m', 'list', async () => {
        runs++
        return rows
      })
      await list()
      const hit = await list()
      equal(runs, 1, 'runs')
      equal(JSON.stringify(hit), JSON.stringify(rows), 'hit')
      equal(hit[7]?.since.getTime(), 7, 'type of a hit')
    }
  },

  async 'refuses two methods on one prefix'() {
    const { Cached } = createLarder()
    const error = await failure(() => {
      class Catalog {
        @Cached('1m', 'product')
        async product(id: string): Promise<string> {
          return id
        }
        @Cached('1m', 'product')
        async offer(id: string): Promise<string> {
          return id
        }
      }
      return new Catalog().offer('p1')
    })
    equal(codeOf(error), 'ERR_PREFIX_TAKEN', 'code')
  },

  async 'caches static methods'() {
    const { Cached } = createLarder()
    // biome-ignore lint/complexity/noStaticOnlyClass: nothing else is of interest here.
    class Catalog {
      static runs = 0
      @Cached('1m', 'count')
      static async count(shop: string): Promise<string> {
        Catalog.runs++
        // biome-ignore lint/complexity/noThisInStatic: whether it is kept is the question.
        return `${shop}:${this === Catalog}`
      }
    }
    equal(await Catalog.count('north'), 'north:true', 'miss')
    equal(await Catalog.count('north'), 'north:true', 'hit')
    equal(Catalog.runs, 1, 'runs')
    equal(await cacheOf(Catalog, 'count').peek('north'), 'north:true', 'peek')
  },

  async 'keeps an overriding method apart from the one it calls by super'() {
    const { Cached } = createLarder()
    class Catalog {
      runs = 0
      @Cached('1m', 'price')
      async price(id: string): Promise<number> {
        this.runs++
        return id.length * 10
      }
    }
    class Sale extends Catalog {
      saleRuns = 0
      @Cached('1m', 'sale-price')
      override async price(id: string): Promise<number> {
        this.saleRuns++
        return (await super.price(id)) / 2
      }
    }
    const sale = new Sale()
    equal(await sale.price('p1'), 10, 'miss')
    equal(await sale.price('p1'), 10, 'hit')
    equal(sale.saleRuns, 1, 'runs of the overriding method')
    equal(sale.runs, 1, 'runs of the overridden method')
    equal(await new Catalog().price('p1'), 20, 'the overridden method')
    await cacheOf(sale, 'price').evict('p1')
    await sale.price('p1')
    equal(sale.saleRuns, 2, 'runs of the overriding method after its eviction')
    equal(sale.runs, 1, 'runs of the overridden method after the other was evicted')
  },

  async 'counts every call where @RateLimited stands over @Cached'() {
    const { Cached, RateLimited } = createLarder()
    class Catalog {
      runs = 0
      @RateLimited({ prefix: 'product', limit: 2, per: '1h', by: (id: string) => id })
      @Cached('1m', 'product')
      async product(id: string): Promise<string> {
        this.runs++
        return id
      }
    }
    const catalog = new Catalog()
    await catalog.product('p1')
    await catalog.product('p1')
    const error = (await failure(() => catalog.product('p1'))) as RateLimitedError
    equal(error instanceof RateLimitedError, true, 'class')
    equal(error.code, 'ERR_RATE_LIMITED', 'code')
    equal(error.outcome.status, 'denied', 'status')
    equal(error.retryAfterMs > 0 && error.retryAfterMs <= 3_600_000, true, 'retryAfterMs in the window')
    equal(await catalog.product('p2'), 'p2', 'another key')
    equal(catalog.runs, 2, 'runs')
    equal(await cacheOf(catalog, 'product').peek('p1'), 'p1', 'peek through the stack')
    await cacheOf(catalog, 'product').evict('p1')
    equal(await cacheOf(catalog, 'product').peek('p1'), undefined, 'peek after an eviction')
  },

  async 'holds the lock that a function of the arguments names'() {
    const { Cached, withLock, locks } = createLarder()
    const gate = createGate()
    class Billing {
      active = 0
      most = 0
      started = 0
      @withLock((orderId: string) => `order:${orderId}`, { ttl: '30s' })
      async settle(orderId: string): Promise<string> {
        this.started++
        this.active++
        this.most = Math.max(this.most, this.active)
        await gate.opened
        this.active--
        return orderId
      }
      @withLock((orderId: string) => `invoice:${orderId}`)
      @Cached('1m', 'invoice')
      async invoice(orderId: string): Promise<boolean> {
        return locks.isHeld(`invoice:${orderId}`)
      }
    }
    const billing = new Billing()
    const first = billing.settle('o1')
    const second = billing.settle('o1')
    equal(await locks.isHeld('order:o1'), true, 'held while the method runs')
    gate.open()
    equal((await Promise.all([first, second])).join(), 'o1,o1', 'results')
    equal(billing.most, 1, 'most at once for one order')
    equal(billing.started, 2, 'runs')
    equal(await locks.isHeld('order:o1'), false, 'held afterwards')
    equal(await billing.invoice('o1'), true, 'over @Cached, held on a miss')
    equal(await cacheOf(billing, 'invoice').peek('o1'), true, 'peek through the stack')
  },

  async 'takes key, scope, tags, when and unless from the arguments, with `this`'() {
    const { Cached, cache } = createLarder()
    type Query = { word: string; page: number; trace?: string }
    // Outside the class: below ES2022, tsc takes a `this` inside a standard decorator's options for the class.
    function tenantOf(this: { tenant: string }) {
      return this.tenant
    }
    class Catalog {
      runs = 0
      tenant = 'north'
      @Cached({
        ttl: '1m',
        prefix: 'search',
        key: (query: Query) => [query.word, query.page],
        scope: tenantOf,
        tags: (query: Query) => ['products', `word:${query.word}`],
        when: (query: Query) => query.page < 100,
        unless: (found: string[]) => found.length === 0,
      })
      async search(query: Query): Promise<string[]> {
        this.runs++
        return query.word === '' ? [] : [query.word]
      }
    }
    const catalog = new Catalog()
    const runsOf = async (query: Query) => {
      const before = catalog.runs
      await catalog.search(query)
      return catalog.runs - before
    }
    equal(await runsOf({ word: 'jam', page: 1, trace: 'a' }), 1, 'miss')
    equal(await runsOf({ word: 'jam', page: 1, trace: 'b' }), 0, 'hit by its key')
    equal(await runsOf({ word: 'jam', page: 2 }), 1, 'another key')
    catalog.tenant = 'south'
    equal(await runsOf({ word: 'jam', page: 1 }), 1, 'another scope')
    catalog.tenant = ''
    equal((await runsOf({ word: 'jam', page: 1 })) + (await runsOf({ word: 'jam', page: 1 })), 2, 'no scope')
    catalog.tenant = 'north'
    equal((await runsOf({ word: 'jam', page: 100 })) + (await runsOf({ word: 'jam', page: 100 })), 2, '`when` is false')
    equal((await runsOf({ word: '', page: 1 })) + (await runsOf({ word: '', page: 1 })), 2, '`unless` is true')
    await cache.evictTags('word:tea')
    equal(await runsOf({ word: 'jam', page: 1 }), 0, 'another tag evicted')
    await cache.evictTags('word:jam')
    equal(await runsOf({ word: 'jam', page: 1 }), 1, 'its tag evicted')
  },

  async 'evicts with @CacheEvict after success only, and fills with @CachePut'() {
    const { Cached, CacheEvict, CachePut } = createLarder()
    class Catalog {
      names = new Map([['p1', 'jam']])
      @Cached({ ttl: '1m', prefix: 'product', tags: (id: string) => [`product:${id}`] })
      async product(id: string): Promise<string | undefined> {
        return this.names.get(id)
      }
      @CacheEvict({ tags: (id: string) => [`product:${id}`] })
      async rename(id: string, name: string): Promise<void> {
        this.names.set(id, name)
        if (name === '') throw new Error('no name')
      }
      @CachePut({ ttl: '1m', prefix: 'product', key: (id: string) => id, tags: (id: string) => [`product:${id}`] })
      async replace(id: string, name: string): Promise<string> {
        this.names.set(id, name)
        return `${name}, put`
      }
    }
    const catalog = new Catalog()
    equal(await catalog.product('p1'), 'jam', 'miss')
    await catalog.rename('p1', 'tea')
    equal(await catalog.product('p1'), 'tea', 'after an eviction')
    await failure(() => catalog.rename('p1', ''))
    equal(await catalog.product('p1'), 'tea', 'after a method that failed')
    equal(await catalog.replace('p1', 'ham'), 'ham, put', 'result of the method that fills')
    equal(await catalog.product('p1'), 'ham, put', 'after a fill')
  },

  async "lets the method's own error through as it is, and keeps nothing of it"() {
    const { Cached, CacheEvict, CachePut, RateLimited, withLock } = createLarder()
    const own = new TypeError('out of jam')
    class Catalog {
      runs = 0
      @RateLimited({ prefix: 'product', limit: 100, per: '1m' })
      @withLock('product')
      @CacheEvict({ tags: ['products'] })
      @Cached('1m', 'product')
      async product(_id: string): Promise<string> {
        this.runs++
        throw own
      }
      @CachePut({ ttl: '1m', prefix: 'other' })
      async put(_id: string): Promise<string> {
        throw own
      }
    }
    const catalog = new Catalog()
    equal(await failure(() => catalog.product('p1')), own, 'first call')
    equal(await failure(() => catalog.product('p1')), own, 'second call')
    equal(catalog.runs, 2, 'runs')
    equal(await failure(() => catalog.put('p1')), own, '@CachePut')
  },

  async 'runs the method once for 300 concurrent calls, whether it resolves or rejects'() {
    const { Cached } = createLarder()
    let gate = createGate()
    class Catalog {
      runs = 0
      @Cached('1m', 'product')
      async product(id: string): Promise<{ id: string }> {
        this.runs++
        await gate.opened
        if (id === 'bad') throw new Error('no such product')
        return { id }
      }
    }
    const catalog = new Catalog()
    const calls = Array.from({ length: 300 }, () => catalog.product('p1'))
    gate.open()
    const found = await Promise.all(calls)
    equal(found.filter(({ id }) => id === 'p1').length, 300, 'results')
    equal(catalog.runs, 1, 'runs')
    gate = createGate()
    const failing = Array.from({ length: 300 }, () => failure(() => catalog.product('bad')))
    gate.open()
    equal(new Set(await Promise.all(failing)).size, 1, 'errors')
    equal(catalog.runs, 2, 'runs after the rejection')
  },

  async 'caches null and undefined like any other result'() {
    const { Cached } = createLarder()
    class Catalog {
      runs = 0
      @Cached('1m', 'missing')
      async missing(kind: string): Promise<null | undefined> {
        this.runs++
        return kind === 'null' ? null : undefined
      }
    }
    const catalog = new Catalog()
    equal(await catalog.missing('null'), null, 'miss')
    equal(await catalog.missing('null'), null, 'hit')
    equal(await catalog.missing('undefined'), undefined, 'miss')
    equal(await catalog.missing('undefined'), undefined, 'hit')
    equal(catalog.runs, 2, 'runs')
  },

  async 'gives a hit the types of a miss'() {
    const { Cached } = createLarder()
    class Catalog {
      @Cached('1m', 'changes')
      async changes(): Promise<Map<string, Date>> {
        return new Map([['p1', new Date(0)]])
      }
    }
    const catalog = new Catalog()
    await catalog.changes()
    equal((await catalog.changes()).get('p1') instanceof Date, true, 'a Date in a Map')
  },

  async 'caches methods named by a symbol'() {
    const { Cached } = createLarder()
    const load = Symbol('load')
    class Catalog {
      runs = 0
      @Cached('1m', 'load')
      async [load](id: string): Promise<string> {
        this.runs++
        return id
      }
    }
    const catalog = new Catalog()
    await catalog[load]('p1')
    equal(await catalog[load]('p1'), 'p1', 'hit')
    equal(catalog.runs, 1, 'runs')
    equal(await cacheOf(catalog, load).peek('p1'), 'p1', 'peek')
  },

  async 'rejects a call of a method that returns no Promise'() {
    const { Cached, CacheEvict, CachePut, RateLimited, withLock } = createLarder()
    // As plain JavaScript has it: the compiler does not see the mistake.
    const decorators = [
      Cached('1m', 'a'),
      CacheEvict({ tags: ['a'] }),
      CachePut({ ttl: '1m', prefix: 'a' }),
      RateLimited({ prefix: 'a', limit: 9, per: '1m' }),
      withLock('a'),
    ]
    for (const decorator of decorators) {
      // biome-ignore lint/suspicious/noExplicitAny: stands for untyped code.
      const untyped = decorator as any
      const error = await failure(() => {
        class Catalog {
          @untyped
          count(): number {
            return 1
          }
        }
        return new Catalog().count()
      })
      equal(codeOf(error), 'ERR_NOT_ASYNC', 'code')
    }
  },

  async 'refuses getters, setters, fields, accessors, parameters and classes, in every dialect'() {
    const { Cached, CacheEvict, CachePut, RateLimited, withLock } = createLarder()
    const makers = [
      () => Cached('1m', 'position'),
      () => CacheEvict({ tags: ['a'] }),
      () => CachePut({ ttl: '1m', prefix: 'a' }),
      () => RateLimited({ prefix: 'position', limit: 9, per: '1m' }),
      () => withLock('a'),
    ]
    class Target {}
    const getter = { get: () => 1, configurable: true, enumerable: false }
    const proto = Object.defineProperty({}, 'count', getter)
    const addInitializer = () => {}
    // The arguments that compilers pass: they refuse to compile the decorators themselves, so these are passed by hand.
    const standard = ['getter', 'setter', 'accessor'].map((kind) => [() => 1, { kind, name: 'count', addInitializer }])
    const positions: unknown[][] = [
      ...standard,
      [undefined, { kind: 'field', name: 'count', addInitializer }],
      [Target, { kind: 'class', name: 'Target', addInitializer }],
      [proto, 'count', getter],
      [proto, 'count'],
      [proto, 'field', undefined],
      [proto, 'field'],
      [proto, 'method', 0],
      [Target, undefined, 0],
      [Target],
      [{ kind: 'method', key: 'count', placement: 'prototype', descriptor: getter }],
      [{ kind: 'field', key: 'count', placement: 'own', descriptor: {}, initializer: () => 1 }],
      [{ kind: 'class', elements: [] }],
    ]
    for (const make of makers) {
      for (const position of positions) {
        const error = await failure(() => (make() as (...args: unknown[]) => unknown)(...position))
        equal(codeOf(error), 'ERR_DECORATOR_POSITION', `code of ${(error as Error).message}`)
        equal(error instanceof UsageError, true, 'class')
      }
    }
  },
}

/** The names of the checks, in the order in which they run. */
export const checkNames: readonly string[] = Object.keys(checks)

/**
 * Runs the checks one after another.
 * @returns the names of those that passed: all of them. Throws the first failure.
 */
export async function conformance(conditions: Conditions = {}): Promise<string[]> {
  const passed: string[] = []
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check(conditions)
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`, { cause: error })
    }
    passed.push(name)
  }
  return passed
}
