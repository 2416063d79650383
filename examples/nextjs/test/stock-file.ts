import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A copy of the stock file, whose prices may change. */
export function copyStock() {
  const folder = mkdtempSync(join(tmpdir(), 'larder-stock-'))
  const path = join(folder, 'stock.json')
  cpSync(fileURLToPath(new URL('../data/stock.json', import.meta.url)), path)
  return {
    path,
    setPrice(id: string, pricePence: number) {
      const stock = JSON.parse(readFileSync(path, 'utf8'))
      stock[id].pricePence = pricePence
      writeFileSync(path, JSON.stringify(stock))
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}
