import { cache, close, configure, health } from '@larder/core'
import { failing, hanging } from '@larder/core/testing'
import { chooseAdapter } from './adapter.js'
import { Catalog } from './catalog.js'
import { createPrinter } from './print.js'
import { ProductFile } from './products.js'
import * as steps from './steps.js'
import { withWorkingCopy } from './working-copy.js'

/** The most that a call may wait for the store. */
const BUDGET_MS = 250

const print = createPrinter()
const { adapter, where } = chooseAdapter()
// Two faults for the last step, off until then. An application would configure the adapter itself.
const refused = failing(adapter, { active: false })
const hung = hanging(refused, { active: false })
configure({ adapter: hung, namespace: 'quickstart', store: { budget: `${BUDGET_MS}ms` } })

print.title(`Larder quickstart: a shop with 3,000 products in a file. The larder is ${where}.`)

try {
  const { ok } = await health()
  if (!ok) throw new Error('the larder does not answer')
  // A shared store may hold an earlier run.
  await cache.clear()
  await withWorkingCopy(async (path) => {
    const file = new ProductFile(path)
    const tour = { print, file, catalog: new Catalog(file), faults: { refused, hung }, budgetMs: BUDGET_MS }
    await steps.missAndHit(tour)
    await steps.stampede(tour)
    await steps.eviction(tour)
    await steps.refusal(tour)
    await steps.contention(tour)
    await steps.storeFailure(tour)
  })
  print.title(`\n${process.exitCode ? 'Not every claim held: see the crosses.' : 'Every claim above was checked.'}`)
  print.note('Read src/catalog.ts next: the decorators there are all it took.')
  print.note('To keep it all in Redis instead: REDIS_URL=redis://localhost:6379 npm start')
} catch (error) {
  print.claim(false, `stopped by ${error}`)
} finally {
  await close()
}
