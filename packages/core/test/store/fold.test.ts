import { expect, test } from 'vitest'
import { foldReads } from '../../src/store/fold.js'

test('reads with a budget of their own are a batch of their own, open to others until it goes out', async () => {
  const sent: string[] = []
  const read = foldReads((keys, budgetMs, resolve) => {
    sent.push(`${keys} within ${budgetMs} ms`)
    resolve(keys.map((key) => `value of ${key}`))
  })
  const first = read(['a'], 1)
  // Comes when the first batch has gone out and the second has not.
  const late = Promise.resolve().then(() => read(['c'], 2))
  expect(await Promise.all([first, read(['b'], 2), late])).toEqual([['value of a'], ['value of b'], ['value of c']])
  expect(sent).toEqual(['a within 1 ms', 'b,c within 2 ms'])
})
