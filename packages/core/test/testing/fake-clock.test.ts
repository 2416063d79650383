import { expect, test } from 'vitest'
import { fakeClock } from '../../src/testing/index.js'

test('stands still until it is advanced', () => {
  const clock = fakeClock(1_000)
  expect(clock.now()).toBe(1_000)
  expect(clock.now()).toBe(1_000)
  clock.advance(250)
  expect(clock.now()).toBe(1_250)
  clock.advance(0)
  expect(clock.now()).toBe(1_250)
})

test('begins at a plausible date, the same every time', () => {
  expect(fakeClock().now()).toBe(fakeClock().now())
  expect(new Date(fakeClock().now()).toISOString()).toBe('2025-01-01T00:00:00.000Z')
})

test('can be passed on as a function', () => {
  const { now, advance } = fakeClock(5)
  advance(5)
  expect([1].map(now)).toEqual([10])
})

test('does not go back', () => {
  const clock = fakeClock(1_000)
  expect(() => clock.advance(-1)).toThrow(RangeError)
  expect(() => clock.advance(Number.NaN)).toThrow(RangeError)
  expect(clock.now()).toBe(1_000)
})
