// Programs that tests need: found on PATH, or installed where that needs no question (apt as root or by sudo without a
// password, Homebrew).
import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * @typedef {object} Program
 * @property {string[]} names how it may be called on PATH
 * @property {string} variable the environment variable that may name its path
 * @property {string} apt the Debian package
 * @property {string[]} brew the arguments of `brew install`
 * @property {string} [service] what the package would start, and must not
 */

/**
 * The path of a program: what its variable says, else the first on PATH, else a fresh install.
 * @param {Program} program
 * @returns {string}
 * @throws an Error whose one line says what to install.
 */
export function findProgram(program) {
  const { names, variable, apt, brew } = program
  const given = process.env[variable]
  if (given) {
    if (isExecutable(given)) return given
    throw new Error(`${variable} is set to ${given}, which cannot be run`)
  }
  const found = onPath(names) ?? (install(program) ? onPath(names) : undefined)
  if (found) return found
  const advice = `install it (apt-get install ${apt}, brew install ${brew.join(' ')}) or set ${variable} to its path`
  throw new Error(`no ${names.join(' or ')} on PATH: ${advice}`)
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

function install(program) {
  if (onPath(['apt-get'])) return installByApt(program)
  if (onPath(['brew'])) return run(['brew', 'install', ...program.brew])
  return false
}

/** What Debian asks before it starts a service on install. Exit code 101 says no. */
const POLICY = '/usr/sbin/policy-rc.d'

function installByApt({ apt, service }) {
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  if (asRoot.length && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status !== 0) return false

  // A policy that is there already is somebody's choice, and stays. The service is stopped below in any case.
  const ownPolicy = asRoot.length === 0 && !existsSync(POLICY)
  const wasRunning = service === undefined || isRunning(service)
  const command = [
    ...asRoot,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    '-qq',
    '-o',
    'DPkg::Lock::Timeout=120',
  ]
  try {
    if (ownPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
    // One unreachable source fails the update; the install may work all the same.
    run([...command, 'update'])
    return run([...command, 'install', '-y', '--no-install-recommends', apt])
  } finally {
    if (ownPolicy) rmSync(POLICY, { force: true })
    if (!wasRunning) stopService(asRoot, service)
  }
}

const isRunning = (service) => spawnSync('service', [service, 'status'], { stdio: 'ignore' }).status === 0

function stopService(asRoot, service) {
  const stop = onPath(['systemctl']) ? ['systemctl', 'disable', '--now', service] : ['service', service, 'stop']
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
