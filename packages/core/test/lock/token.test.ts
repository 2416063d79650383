import { expect, test } from 'vitest'
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
