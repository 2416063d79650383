import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { findRedis } from '../../scripts/find-redis.mjs'

const HOST = '127.0.0.1'
const STARTS_WITHIN_MS = 10_000
/** One for each row of a suite, so that rows do not meet. */
const DATABASES = 64

/**
 * Runs a suite that needs a Redis server with the path of one. Where there is none to be had, a quick run says so and
 * leaves the suite out.
 *
 * @param {string} suite
 * @param {boolean} quick
 * @param {(path: string) => Promise<void>} run
 */
export async function withRedis(suite, quick, run) {
  let path
  try {
    path = findRedis()
  } catch (error) {
    if (!quick) throw error
    return console.log(`The suite ${suite} is left out: ${error.message}\n`)
  }
  await run(path)
}

/**
 * Starts a Redis server on a free port, which saves nothing and ends with this process at the latest.
 *
 * @param {string} path of the program
 * @returns {Promise<{ url: string, version: string, stop: () => Promise<void> }>}
 */
export async function startRedis(path) {
  const port = await freePort()
  const options = { bind: HOST, port, save: '', appendonly: 'no', databases: DATABASES }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const server = spawn(path, args, { stdio: 'ignore' })
  const gone = once(server, 'exit')
  const kill = () => server.kill('SIGKILL')
  process.once('exit', kill)
  const stop = async () => {
    kill()
    await gone
    process.off('exit', kill)
  }
  try {
    const version = await Promise.race([
      answer(port),
      gone.then(([code]) => Promise.reject(new Error(`${path} ended with ${code}`))),
    ])
    return { url: `redis://${HOST}:${port}`, version, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function freePort() {
  const probe = createServer().listen(0, HOST)
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  await once(probe, 'close')
  return port
}

/** @returns the server's version, as soon as it tells it */
async function answer(port) {
  const endAtMs = performance.now() + STARTS_WITHIN_MS
  for (;;) {
    try {
      const socket = connect(port, HOST)
      await once(socket, 'connect')
      socket.end('INFO server\r\n')
      let text = ''
      for await (const chunk of socket) text += chunk
      return text.match(/^(?:redis|valkey)_version:(\S+)/m)[1]
    } catch (error) {
      if (performance.now() > endAtMs) throw error
      await sleep(20)
    }
  }
}
