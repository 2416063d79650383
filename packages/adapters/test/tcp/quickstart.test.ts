import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startRedis } from '../support/redis-server.js'

test('REDIS_URL sends the quickstart to Redis, and every claim of it holds there', async () => {
  await using redis = await startRedis()
  const child = spawn('npm', ['run', '--silent', 'start'], {
    cwd: fileURLToPath(new URL('../../../../examples/quickstart', import.meta.url)),
    env: { ...process.env, REDIS_URL: redis.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  const [code] = await once(child, 'close')
  expect(output).toContain(`in Redis at ${redis.host}:${redis.port}`)
  expect(output).toContain('Every claim above was checked.')
  expect(code).toBe(0)
  expect(Number(await redis.cli('DBSIZE'))).toBeGreaterThan(0)
})
