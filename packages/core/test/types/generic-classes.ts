// Callbacks may be written for what a type parameter of the class is known to be.
import { Cached, CacheEvict, CachePut, RateLimited, withLock } from '@larder/core'
import { expectType, type Same } from './expect-type.js'

interface Row {
  id: string
}

export abstract class Repository<Entity extends Row, Id extends string | number = string> {
  abstract load(id: Id): Promise<Entity>

  @Cached({ ttl: '5m', prefix: 'find', key: (id: string | number) => id, unless: (row: Row) => row.id === '' })
  async find(id: Id): Promise<Entity> {
    return this.load(id)
  }

  @CachePut({ ttl: '5m', prefix: 'find', key: (row: Row) => row.id })
  @CacheEvict({ tags: (row: Row) => [row.id] })
  async save(row: Entity): Promise<Entity> {
    return row
  }

  @RateLimited({ limit: 10, per: '1s', by: (row: Row) => row.id })
  @withLock((row: Row, ...more: Row[]) => row.id + more.length)
  async merge(row: Entity, ...more: Entity[]): Promise<Entity[]> {
    return [row, ...more]
  }

  @Cached((rows: readonly Row[]) => (rows.length ? '1h' : '1m'), 'all')
  async all(): Promise<Entity[]> {
    return []
  }

  // @ts-expect-error: a row has no number.
  @CacheEvict({ tags: (row: { number: number }) => [`${row.number}`] })
  async remove(_row: Entity): Promise<void> {}

  // @ts-expect-error: a row has no number.
  @Cached({ ttl: '5m', prefix: 'first', unless: (row: { number: number }) => row.number === 0 })
  async first(id: Id): Promise<Entity> {
    return this.load(id)
  }
}

export class Products extends Repository<Row & { price: number }> {
  @Cached('5m', 'load')
  override async load(id: string) {
    return { id, price: 1 }
  }

  @RateLimited({ limit: 10, per: '1s' })
  override async find(id: string) {
    return super.find(id)
  }
}

expectType<Same<Products['find'], (id: string) => Promise<Row & { price: number }>>>()
expectType<Same<Repository<Row>['save'], (row: Row) => Promise<Row>>>()
