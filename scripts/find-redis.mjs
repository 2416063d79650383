// Finds a Redis server for the tests, and installs one where that needs no question: `node scripts/find-redis.mjs`
// prints its path. Valkey will do. Nothing is left running: the tests start servers of their own, on free ports.
import { fileURLToPath } from 'node:url'
import { findProgram } from './programs.mjs'

/**
 * The path of `redis-server` or `valkey-server`.
 * @returns {string}
 * @throws an Error whose one line says what to install.
 */
export function findRedis() {
  return findProgram({
    names: ['redis-server', 'valkey-server'],
    variable: 'REDIS_SERVER',
    apt: 'redis-server',
    brew: ['redis'],
    service: 'redis-server',
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(findRedis())
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
