import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ORIGINAL = fileURLToPath(new URL('../data/products.csv', import.meta.url))

/** Runs `body` with the path of a copy of the data that it may write to, and removes the copy. */
export async function withWorkingCopy<Result>(body: (path: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'larder-quickstart-'))
  try {
    const path = join(folder, 'products.csv')
    await copyFile(ORIGINAL, path)
    return await body(path)
  } finally {
    await rm(folder, { recursive: true })
  }
}
