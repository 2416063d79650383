import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Run, runTsx } from './run.js'

const DATA = new URL('../data/products.csv', import.meta.url)
const ESCAPE = '\x1b['

describe('the quickstart, its output in a pipe', () => {
  let run: Run
  let dataBefore: string

  beforeAll(async () => {
    dataBefore = await readFile(DATA, 'utf8')
    run = await runTsx(['src/main.ts'])
  }, 30_000)

  it('exits with 0, within seconds, with every claim ticked', () => {
    expect(run.output).not.toContain('✗')
    expect(run.output).toContain('Every claim above was checked.')
    expect(run.exitCode).toBe(0)
    expect(run.ms).toBeLessThan(15_000)
  })

  it('tells it in six numbered steps', () => {
    expect(run.output.match(/^\d\. .+$/gm)).toEqual([
      '1. A miss, then a hit',
      '2. A stampede: 300 calls at once, nothing stored yet',
      '3. A tag eviction: a price changes',
      '4. A rate limit: three orders a minute for each customer',
      '5. A lock: two contenders',
      '6. The store fails',
    ])
  })

  it('shows a miss and a faster hit, with their times', () => {
    const [, missMs] = run.output.match(/✓ miss: read the file, \d+ teas in ([\d.]+) ms/) ?? []
    const [, hitMs] = run.output.match(/✓ hit: {2}the same \d+ teas in ([\d.]+) ms/) ?? []
    expect(Number(hitMs)).toBeLessThan(Number(missMs))
  })

  it('shows a stampede of 300 calls that ran the method once', () => {
    expect(run.output).toContain('✓ 300 answers, the method ran once')
  })

  it('shows a new price right after it was saved', () => {
    const [, oldPrice] = run.output.match(/cheapest sencha: .+, £([\d.]+), from the cache/) ?? []
    const [, newPrice] = run.output.match(/✓ after save: the very next search says £([\d.]+)/) ?? []
    expect(Math.round(Number(newPrice) * 100)).toBe(Math.round(Number(oldPrice) * 100) - 1)
  })

  it('shows a refused call with its Retry-After', () => {
    const [, seconds] = run.output.match(/✓ the fourth refused: 429, Retry-After: (\d+)$/m) ?? []
    // A strict window of a minute in ten slots: the oldest slot is counted whole.
    expect(Number(seconds)).toBeGreaterThan(0)
    expect(Number(seconds)).toBeLessThanOrEqual(66)
  })

  it('shows a second contender that waits and gets a higher fence', () => {
    const [, firstFence] = run.output.match(/✓ the first went in after [\d.]+ ms, fence (\d+)/) ?? []
    const [, waitedMs, secondFence] =
      run.output.match(/✓ the second waited ([\d.]+) ms and got a higher fence, (\d+)/) ?? []
    expect(Number(waitedMs)).toBeGreaterThan(70)
    expect(Number(secondFence)).toBeGreaterThan(Number(firstFence))
    expect(run.output).toMatch(/✓ two restocks of 10 at once: stock \d+ became \d+, none lost/)
  })

  it('shows a cached call that answers while the store fails', () => {
    expect(run.output).toMatch(/✓ every store call refused: the cached call still answers, in [\d.]+ ms/)
    expect(run.output).toMatch(/✓ no store call ever answered: it waits no longer than its budget of 250 ms/)
    expect(run.output).toContain('✓ the store is back: served from the cache again')
  })

  it('says at the end how to use Redis', () => {
    expect(run.output.trimEnd()).toMatch(/REDIS_URL=redis:\/\/localhost:6379 npm start$/)
  })

  it('prints no escape codes', () => {
    expect(run.output).not.toContain(ESCAPE)
  })

  it('leaves the data file as it was', async () => {
    expect(await readFile(DATA, 'utf8')).toBe(dataBefore)
  })
})

describe('the quickstart with FORCE_COLOR', () => {
  it('prints the same steps in colour', { timeout: 30_000 }, async () => {
    const { exitCode, output } = await runTsx(['src/main.ts'], { FORCE_COLOR: '1' })
    expect(output).toContain(`${ESCAPE}36m1.${ESCAPE}0m ${ESCAPE}1mA miss, then a hit${ESCAPE}0m`)
    expect(exitCode).toBe(0)
  })
})
