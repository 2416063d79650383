import { describe, expect, test } from 'vitest'
import { type Duration, toMs } from '../../src/time/duration.js'

test.each<[Duration, number]>([
  ['250ms', 250],
  ['30s', 30_000],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
  ['1.5s', 1_500],
  ['0s', 0],
  [30, 30_000],
  [0.25, 250],
  [0, 0],
])('%s is %i ms', (duration, ms) => {
  expect(toMs(duration, 'ttl')).toBe(ms)
})

describe('anything else is refused, and the option is named', () => {
  test.each([
    '5 minutes',
    '5',
    'm',
    '',
    '-5m',
    '5M',
    ' 5m',
    '1e3s',
    '0.5ms',
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    0.0001,
    1e300,
    null,
    undefined,
    {},
    true,
  ])('%s', (duration) => {
    expect(() => toMs(duration as Duration, 'ttl')).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_DURATION',
        option: 'ttl',
        message: expect.stringContaining("'5m'"),
      }),
    )
  })
})
