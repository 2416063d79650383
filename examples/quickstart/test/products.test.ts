import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ProductFile } from '../src/products.js'

const DATA = fileURLToPath(new URL('../data', import.meta.url))
let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quickstart-test-'))
  path = join(folder, 'products.csv')
  await copyFile(join(DATA, 'products.csv'), path)
})
afterEach(() => rm(folder, { recursive: true }))

it('reads 3,000 products, each of them complete', async () => {
  const products = await new ProductFile(path).find(() => true)
  expect(products).toHaveLength(3_000)
  expect(new Set(products.map(({ id }) => id)).size).toBe(3_000)
  for (const { name, category, priceCents, stock, description } of products) {
    expect(name && category && description).toBeTruthy()
    expect(Number.isInteger(priceCents) && priceCents > 0 && Number.isInteger(stock)).toBe(true)
  }
})

it('replaces one product and leaves every other line as it was', async () => {
  const file = new ProductFile(path)
  const [product] = await file.find(({ id }) => id === 'p42')
  if (!product) return expect.unreachable()
  const before = (await readFile(path, 'utf8')).split('\n')
  await file.replace({ ...product, stock: product.stock + 1 })

  const after = (await readFile(path, 'utf8')).split('\n')
  expect(after.filter((line, i) => line !== before[i])).toEqual([expect.stringMatching(/^p42,/)])
  expect(after).toHaveLength(before.length)
  expect(await file.find(({ id }) => id === 'p42')).toEqual([{ ...product, stock: product.stock + 1 }])
})

it('has the data that the generator writes', async () => {
  await copyFile(join(DATA, 'generate.mjs'), join(folder, 'generate.mjs'))
  await rm(path)
  await promisify(execFile)(process.execPath, [join(folder, 'generate.mjs')])
  expect(await readFile(path, 'utf8')).toBe(await readFile(join(DATA, 'products.csv'), 'utf8'))
})
