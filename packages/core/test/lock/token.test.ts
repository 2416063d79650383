import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { expect, onTestFinished, test } from 'vitest'
import { newToken } from '../../src/lock/token.js'

test('tokens are 96 bits, none like another, across many batches', () => {
  const tokens = Array.from({ length: 10_000 }, newToken)
  expect(new Set(tokens).size).toBe(10_000)
  // What queues and messages put around a token is never in it.
  for (const token of tokens) expect(token).toMatch(/^[\w+/]{16}$/)
})

test('every bit of a token is random', () => {
  const counts = new Array<number>(96).fill(0)
  const times = 4_000
  for (let i = 0; i < times; i++) {
    for (const [at, char] of [...atob(newToken())].entries()) {
      for (let bit = 0; bit < 8; bit++)
        counts[at * 8 + bit] = (counts[at * 8 + bit] as number) + ((char.charCodeAt(0) >> bit) & 1)
    }
  }
  // Eight standard deviations: a fair bit is not out of these bounds once in the age of the universe.
  for (const ones of counts) expect(Math.abs(ones - times / 2)).toBeLessThan((8 * Math.sqrt(times)) / 2)
})

test('two processes that go on from one snapshot, a second later, make different tokens', () => {
  const folder = mkdtempSync(join(tmpdir(), 'larder-snapshot-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [entry, blob] = [join(folder, 'entry.cjs'), join(folder, 'snapshot.blob')]
  buildSync({
    stdin: {
      contents: `import { startupSnapshot } from 'node:v8'
import { newToken } from './token.js'
newToken()
const now = Date.now
startupSnapshot.setDeserializeMainFunction(() => {
  Date.now = () => now() + 1_000
  console.log(newToken())
})`,
      resolveDir: fileURLToPath(new URL('../../src/lock', import.meta.url)),
    },
    bundle: true,
    platform: 'node',
    outfile: entry,
  })
  const node = (...args: string[]) =>
    execFileSync(process.execPath, ['--snapshot-blob', blob, ...args], { encoding: 'utf8' })
  node('--build-snapshot', entry)
  const tokens = [node(), node()]
  for (const token of tokens) expect(token).toMatch(/^[\w+/]{16}\n$/)
  expect(tokens[0]).not.toBe(tokens[1])
})
