// Finds a Redis server for the tests, and installs one where that needs no question: `node scripts/find-redis.mjs`
// prints its path. Valkey will do. Nothing is left running: the tests start servers of their own, on free ports.
import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NAMES = ['redis-server', 'valkey-server']
const ADVICE = 'install it (apt-get install redis-server, brew install redis) or set REDIS_SERVER to its path'

/**
 * The path of `redis-server` or `valkey-server`: `$REDIS_SERVER`, else the first on PATH, else a fresh install by apt
 * (as root, or by sudo without a password) or by Homebrew.
 * @returns {string}
 * @throws an Error whose one line says what to install.
 */
export function findRedis() {
  const given = process.env.REDIS_SERVER
  if (given) {
    if (isExecutable(given)) return given
    throw new Error(`REDIS_SERVER is set to ${given}, which cannot be run`)
  }
  const found = onPath(NAMES) ?? (install() ? onPath(NAMES) : undefined)
  if (found) return found
  throw new Error(`no redis-server or valkey-server on PATH: ${ADVICE}`)
}

function onPath(names) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function install() {
  if (onPath(['apt-get'])) return installByApt()
  if (onPath(['brew'])) return run(['brew', 'install', 'redis'])
  return false
}

/** What Debian asks before it starts a service on install. Exit code 101 says no. */
const POLICY = '/usr/sbin/policy-rc.d'

function installByApt() {
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  if (asRoot.length && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status !== 0) return false

  // A policy that is there already is somebody's choice, and stays. The service is stopped below in any case.
  const ownPolicy = asRoot.length === 0 && !existsSync(POLICY)
  const wasRunning = isServiceRunning()
  const apt = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', '-o', 'DPkg::Lock::Timeout=120']
  try {
    if (ownPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
    // One unreachable source fails the update; the install may work all the same.
    run([...apt, 'update'])
    return run([...apt, 'install', '-y', '--no-install-recommends', 'redis-server'])
  } finally {
    if (ownPolicy) rmSync(POLICY, { force: true })
    if (!wasRunning) stopService(asRoot)
  }
}

const isServiceRunning = () => spawnSync('service', ['redis-server', 'status'], { stdio: 'ignore' }).status === 0

function stopService(asRoot) {
  const stop = onPath(['systemctl'])
    ? ['systemctl', 'disable', '--now', 'redis-server']
    : ['service', 'redis-server', 'stop']
  const [command, ...args] = [...asRoot, ...stop]
  spawnSync(command, args, { stdio: 'ignore' })
}

/** Runs an installer with its output on stderr: stdout is for the path. */
function run([command, ...args]) {
  console.error(`$ ${[command, ...args].join(' ')}`)
  try {
    execFileSync(command, args, { stdio: ['ignore', process.stderr, process.stderr] })
    return true
  } catch {
    return false
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(findRedis())
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
