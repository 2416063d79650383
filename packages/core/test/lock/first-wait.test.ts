import { expect, test } from 'vitest'
import { createLarder } from '../../src/index.js'

// Alone in its file: here nobody has waited before, so the code for waiting is still to be loaded.
test('the first to wait in a process does not miss a release that came while its code was being loaded', async () => {
  const { withLock } = createLarder()
  const order: number[] = []
  const settle = (place: number) => withLock('order', async () => void order.push(place), { wait: '2s' })
  const startedMs = performance.now()
  await Promise.all([settle(1), settle(2), settle(3)])
  expect(order).toEqual([1, 2, 3])
  expect(performance.now() - startedMs).toBeLessThan(1_500)
})
