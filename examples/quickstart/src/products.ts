import { readFile, rename, writeFile } from 'node:fs/promises'

export interface Product {
  readonly id: string
  readonly name: string
  readonly category: string
  readonly origin: string
  readonly priceCents: number
  readonly stock: number
  readonly description: string
}

/** The products in a CSV file. No index, no memory: each question reads and parses the whole file. */
export class ProductFile {
  /** How often the file has been read. The account counts by it how often a method really ran. */
  reads = 0

  constructor(private readonly path: string) {}

  async find(fits: (product: Product) => boolean): Promise<Product[]> {
    return (await this.#readAll()).filter(fits)
  }

  /** Replaces the product with the id of `product`. Not safe beside another writer: hold a lock. */
  async replace(product: Product): Promise<void> {
    const products = await this.#readAll()
    const lines = products.map((old) => toLine(old.id === product.id ? product : old))
    // Readers see the old file or the new one, never half of it.
    await writeFile(`${this.path}.new`, `${[COLUMNS.join(','), ...lines].join('\n')}\n`)
    await rename(`${this.path}.new`, this.path)
  }

  async #readAll(): Promise<Product[]> {
    this.reads++
    const [, ...lines] = (await readFile(this.path, 'utf8')).trimEnd().split('\n')
    return lines.map(toProduct)
  }
}

const COLUMNS = ['id', 'name', 'category', 'origin', 'priceCents', 'stock', 'description'] as const

function toProduct(line: string): Product {
  const [id = '', name = '', category = '', origin = '', priceCents, stock, description = ''] = line.split(',')
  return { id, name, category, origin, priceCents: Number(priceCents), stock: Number(stock), description }
}

function toLine(product: Product): string {
  return COLUMNS.map((column) => product[column]).join(',')
}
