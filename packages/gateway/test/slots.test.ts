import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createSlots } from '../src/slots.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Work that ends when it is told to. */
function createWork() {
  const started: number[] = []
  const ends: (() => void)[] = []
  const work = (i: number) => () => {
    started.push(i)
    return new Promise<number>((resolve) => ends.push(() => resolve(i)))
  }
  return { started, work, end: () => ends.shift()?.() }
}

test('so many at a time, the others in the order in which they came', async () => {
  const slots = createSlots({ of: 'things', max: 2, maxWaiting: 10, maxWaitMs: 1_000 })
  const { started, work, end } = createWork()
  const all = Promise.all([0, 1, 2, 3, 4].map((i) => slots.use(work(i))))
  await vi.advanceTimersByTimeAsync(0)
  expect(started).toEqual([0, 1])
  end()
  await vi.advanceTimersByTimeAsync(0)
  expect(started).toEqual([0, 1, 2])
  for (let i = 0; i < 4; i++) {
    end()
    await vi.advanceTimersByTimeAsync(0)
  }
  expect(await all).toEqual([0, 1, 2, 3, 4])
})

test('one too many is refused at once', async () => {
  const slots = createSlots({ of: 'things', max: 1, maxWaiting: 1, maxWaitMs: 1_000 })
  const { work, end } = createWork()
  const first = slots.use(work(0))
  const second = slots.use(work(1))
  await expect(slots.use(work(2))).rejects.toThrow('too many things at once: 1 run and 1 wait')
  end()
  await first
  end()
  expect(await second).toBe(1)
})

test('a wait that is too long is refused, and its place is free for another', async () => {
  const slots = createSlots({ of: 'things', max: 1, maxWaiting: 1, maxWaitMs: 1_000 })
  const { started, work, end } = createWork()
  const first = slots.use(work(0))
  const late = expect(slots.use(work(1))).rejects.toThrow('none ended within 1000 ms')
  await vi.advanceTimersByTimeAsync(1_000)
  await late
  const third = slots.use(work(2))
  end()
  await first
  await vi.advanceTimersByTimeAsync(0)
  end()
  expect(await third).toBe(2)
  expect(started).toEqual([0, 2])
})

test('work that fails gives its slot back', async () => {
  const slots = createSlots({ of: 'things', max: 1, maxWaiting: 0, maxWaitMs: 1_000 })
  await expect(slots.use(() => Promise.reject(new Error('mine')))).rejects.toThrow('mine')
  expect(await slots.use(async () => 'next')).toBe('next')
})
