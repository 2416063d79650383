import { readFile } from 'node:fs/promises'
import { larder } from './larder'

export interface Item {
  readonly name: string
  readonly shelf: string
  readonly pricePence: number
  readonly left: number
}

/** An item with the instant at which it was read from the file. */
export interface Reading extends Item {
  readonly id: string
  readonly readAt: Date
}

const path = () => process.env.STOCK_FILE ?? 'data/stock.json'

const readStock = async (): Promise<Record<string, Item>> =>
  JSON.parse(await readFile(/* turbopackIgnore: true */ path(), 'utf8'))

/** How long an item is fresh, in seconds. */
export const FRESH_S = Number(process.env.STOCK_FRESH_S ?? 20)

/** What is on the shelves, according to a file that somebody else writes. */
class Stock {
  /** One item, or `null`: looked up once in twenty seconds, and served from the larder meanwhile. */
  @larder.Cached({
    ttl: FRESH_S,
    prefix: 'item',
    staleWhileRevalidate: '10m',
    tags: (id: string) => [`item:${id}`],
  })
  async item(id: string): Promise<Reading | null> {
    const item = (await readStock())[id]
    return item ? { id, readAt: new Date(), ...item } : null
  }
}

export const stock = new Stock()

/** The ids on a shelf, or on all: the function form, for code without classes. */
export const listIds = larder.cached('1h', 'ids', async () => Object.keys(await readStock()))
