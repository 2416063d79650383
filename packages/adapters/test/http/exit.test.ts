import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { expect, onTestFinished, test } from 'vitest'
import { setUpServers, token } from './setup.js'

const servers = setUpServers()
const source = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

/** Runs a program with an adapter in it, and gives what it printed once it has ended by itself. */
async function run(program: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'larder-exit-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const script = join(folder, 'program.mjs')
  await build({
    stdin: {
      contents: `import { createLarder } from ${JSON.stringify(source('core/src/index.ts'))}
import { http } from ${JSON.stringify(source('adapters/src/http/index.ts'))}
const adapter = http()
const larder = createLarder({ adapter })
${program}`,
      resolveDir: source('adapters'),
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile: script,
    alias: { '@larder/core': source('core/src/index.ts'), '#platform': source('core/src/platform/node.ts') },
  })
  const env = { ...process.env, UPSTASH_REDIS_REST_URL: servers.proxy.url, UPSTASH_REDIS_REST_TOKEN: token }
  const { stdout } = await promisify(execFile)(process.execPath, [script], { env, timeout: 10_000 })
  return stdout.trim()
}

test('a process ends with an adapter that was used and never closed', async () => {
  const printed = await run(`const find = larder.cached('1m', 'find', async () => 'found')
await find()
await larder.limiter({ prefix: 'api', limit: 1, per: '1m' }).check('k')
console.log(await find(), larder.cache.stats().hits)`)
  expect(printed).toBe('found 1')
})

test('a process ends with subscriptions that were closed', async () => {
  const printed = await run(`await adapter.subscribe(['a'], { onMessage(message) {
  console.log(message)
  adapter.close()
} })
await adapter.publish('a', 'hello')`)
  expect(printed).toBe('hello')
})

test('a process ends while a subscription waits for its server to come back', async () => {
  const { proxy } = servers
  const ended = run(`await adapter.subscribe(['a'], { onMessage() {}, onDisconnect: () => console.log('lost') })
// Its answer may be what is cut.
await adapter.publish('a', 'ready').catch(() => {})`)
  await expect.poll(() => proxy.commands()).toEqual(['PUBLISH'])
  proxy.fault = { status: 503, body: '{}' }
  proxy.cut()
  expect(await ended).toBe('lost')
})
