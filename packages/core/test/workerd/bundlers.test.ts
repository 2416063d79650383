import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { inFolder } from '../runtime/compilers.js'
import { bundleWorker, runtimes, startWorker } from './worker.js'

const execute = promisify(execFile)

/** Decorators, `configure` and timers of the toolkit's own, at module scope; the first request runs what they made. */
const WORKER = `
import { Cached, configure, createLarder, limiter, memory } from '@larder/core'

configure({ adapter: memory({ maxEntries: 100 }), namespace: 'shop' })
class Catalog {
  runs = 0
  @Cached('1m', 'product')
  async product(id: string) {
    return { id, run: ++this.runs, at: new Date(0) }
  }
}
const catalog = new Catalog()
const { withLock } = createLarder({ namespace: 'own' })
const api = limiter({ prefix: 'api', limit: 9, per: '1m' })

export default {
  async fetch() {
    await catalog.product('p1')
    const found = await catalog.product('p1')
    const fence = await withLock('order', async (lock) => lock.fence)
    const { allowed } = await api.check('u1')
    return Response.json({ ...found, isDate: found.at instanceof Date, isFenced: fence > 0, allowed })
  },
}`
const ANSWER = { id: 'p1', run: 1, at: '1970-01-01T00:00:00.000Z', isDate: true, isFenced: true, allowed: true }

const bundlers: [name: string, bundle: (folder: string) => Promise<string>][] = [
  ['plain esbuild', (folder) => bundleWorker(join(folder, 'worker.ts'))],
  ['plain esbuild, minified', (folder) => bundleWorker(join(folder, 'worker.ts'), { minify: true })],
  [
    'wrangler',
    async (folder) => {
      const config = { name: 'shop', main: 'worker.ts', compatibility_date: '2026-04-01' }
      writeFileSync(join(folder, 'wrangler.json'), JSON.stringify(config))
      const wrangler = join(folder, 'node_modules', '.bin', 'wrangler')
      const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', WRANGLER_LOG_PATH: folder, CI: '1' }
      await execute(wrangler, ['deploy', '--dry-run', '--outdir', 'out'], { cwd: folder, env })
      return readFileSync(join(folder, 'out', 'worker.js'), 'utf8')
    },
  ],
]

test.for(bundlers)(
  'a Worker with everything at module scope is bundled by %s as it is, and runs',
  {
    timeout: 60_000,
  },
  async ([, bundle]) => {
    const script = await inFolder(async (folder) => {
      writeFileSync(join(folder, 'worker.ts'), WORKER)
      return bundle(folder)
    })
    for (const runtime of runtimes) {
      const { ask, dispose } = await startWorker(script, runtime)
      try {
        const { status, text } = await ask('/')
        expect(status, text).toBe(200)
        expect(JSON.parse(text)).toEqual(ANSWER)
      } finally {
        await dispose()
      }
    }
  },
)
