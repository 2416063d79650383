import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { startRedis } from '../../../packages/adapters/test/support/redis-server.js'
import { startFunction } from '../local/runtime.js'

it('a handler of the callback style ends, although connections to Redis stay open', async () => {
  await using redis = await startRedis()
  const folder = mkdtempSync(join(tmpdir(), 'larder-callback-'))
  const bundle = join(folder, 'callback.cjs')
  await build({
    entryPoints: [fileURLToPath(new URL('handlers/callback.ts', import.meta.url))],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
  })
  const fn = await startFunction({ bundle, handler: 'handler', env: { REDIS_URL: redis.url } })
  try {
    expect(await fn.invoke({ n: 3 })).toBe(9)
    expect(await fn.invoke({ n: 3 })).toBe(9)
    expect(await redis.commandStats()).toMatchObject({ mget: 2 })
  } finally {
    await fn.stop()
    rmSync(folder, { recursive: true })
  }
})
