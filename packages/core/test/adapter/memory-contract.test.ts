import { afterAll, beforeAll, describe, test, vi } from 'vitest'
import { memory } from '../../src/index.js'
import { adapterContract, fakeClock } from '../../src/testing/index.js'

describe('with a clock of its own', () => {
  const clock = fakeClock()
  const create = () => memory({ now: clock.now })
  for (const { capability, name, run } of adapterContract({ create, advance: clock.advance })) {
    test(`${capability}: ${name}`, run)
  }
})

describe('with the clock of the machine', () => {
  // Timers fire at once and take the clock along, so nothing waits although the suite sleeps.
  beforeAll(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }).setTimerTickMode('nextTimerAsync')
  })
  afterAll(() => {
    vi.useRealTimers()
  })
  for (const { capability, name, run } of adapterContract({ create: () => memory() })) {
    test(`${capability}: ${name}`, run)
  }
})
