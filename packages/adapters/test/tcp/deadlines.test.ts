import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createDeadlines } from '../../src/tcp/deadlines.js'

describe('time limits of many calls', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('end each at its own time, the oldest first', () => {
    const deadlines = createDeadlines()
    const ended: string[] = []
    const startedMs = performance.now()
    const note = (name: string) => () => ended.push(`${name} after ${performance.now() - startedMs}`)
    deadlines.setTimeout(note('first'), 100)
    deadlines.setTimeout(note('short'), 30)
    vi.advanceTimersByTime(60)
    deadlines.setTimeout(note('second'), 100)
    vi.advanceTimersByTime(500)
    expect(ended).toEqual(['short after 30', 'first after 100', 'second after 160'])
  })

  test('that are lifted end nobody, however often that is done', () => {
    const deadlines = createDeadlines()
    const ended: string[] = []
    const [one, two, three] = ['one', 'two', 'three'].map((name) => deadlines.setTimeout(() => ended.push(name), 100))
    deadlines.clearTimeout(two)
    deadlines.clearTimeout(two)
    vi.advanceTimersByTime(100)
    expect(ended).toEqual(['one', 'three'])
    deadlines.clearTimeout(one)
    deadlines.clearTimeout(three)
    deadlines.clearTimeout(undefined)
    deadlines.setTimeout(() => ended.push('four'), 100)
    vi.advanceTimersByTime(100)
    expect(ended).toEqual(['one', 'three', 'four'])
  })

  test('are one timer of the runtime, and none once nobody waits', () => {
    const deadlines = createDeadlines()
    for (let call = 0; call < 1_000; call++) deadlines.clearTimeout(deadlines.setTimeout(() => {}, 250))
    const timer = deadlines.setTimeout(() => {}, 250)
    expect(vi.getTimerCount()).toBe(1)
    deadlines.clearTimeout(timer)
    vi.advanceTimersByTime(250)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('are kept where timers are numbers too, as tests of pages have them', () => {
    const set = setTimeout
    vi.stubGlobal('setTimeout', (...args: Parameters<typeof set>) => Number(set(...args)))
    onTestFinished(() => {
      vi.unstubAllGlobals()
    })
    const deadlines = createDeadlines()
    const ended: string[] = []
    deadlines.setTimeout(() => ended.push('one'), 100)
    vi.advanceTimersByTime(60)
    deadlines.setTimeout(() => ended.push('two'), 100)
    vi.advanceTimersByTime(100)
    expect(ended).toEqual(['one', 'two'])
  })
})

test('a time limit alone keeps no process alive', () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timers()
  const deadlines = createDeadlines()
  const timer = deadlines.setTimeout(() => {}, 1_000)
  expect(timers()).toBe(before)
  deadlines.clearTimeout(timer)
})
