import { expect, test } from 'vitest'
import { randomId } from '../../src/keys/random.js'

test('ids are 96 bits, none like another, across many batches', () => {
  const ids = Array.from({ length: 10_000 }, randomId)
  expect(new Set(ids).size).toBe(10_000)
  // What keys, stamps, leases and queues put around an id is never in it.
  for (const id of ids) expect(id).toMatch(/^[\w+/]{16}$/)
})

test('every bit of an id is random', () => {
  const counts = new Array<number>(96).fill(0)
  const times = 4_000
  for (let i = 0; i < times; i++) {
    for (const [at, char] of [...atob(randomId())].entries()) {
      for (let bit = 0; bit < 8; bit++)
        counts[at * 8 + bit] = (counts[at * 8 + bit] as number) + ((char.charCodeAt(0) >> bit) & 1)
    }
  }
  // Eight standard deviations: a fair bit is not out of these bounds once in the age of the universe.
  for (const ones of counts) expect(Math.abs(ones - times / 2)).toBeLessThan((8 * Math.sqrt(times)) / 2)
})
