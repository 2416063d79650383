// Run by a test: starts a server, says where it is, and ends without any chance to clean up.
import { existsSync } from 'node:fs'
import { startRedis } from '../support/redis-server.js'

async function startAndDie(): Promise<void> {
  const redis = await startRedis()
  const folder = (await redis.cli('CONFIG', 'GET', 'dir')).split('\n')[1] ?? ''
  process.stdout.write(JSON.stringify({ pid: redis.pid, folder, existed: existsSync(folder) }), () =>
    process.kill(process.pid, 'SIGKILL'),
  )
}

void startAndDie()
