// What every entry point needs first: the dependencies, and the packages built. Cheap when there is nothing to do.
// Examples run it before their own scripts: `node ../../scripts/set-up.mjs`.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** Runs a command in the repository's root with its output shown. @returns the exit code. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
  if (error) console.error(`${command}: ${error.message}`)
  return status ?? 1
}

/** Ends this process with the command's exit code unless it is 0. */
export function runOrExit(command, args, options) {
  const status = run(command, args, options)
  if (status !== 0) process.exit(status)
}

/**
 * Installs when the lock file is newer than what is installed. `npm install` rather than `npm ci`: it takes the versions
 * from the lock file as well, but does not insist on entries for every other platform's binaries.
 */
export function install() {
  const installed = `${root}node_modules/.package-lock.json`
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs) return
  console.log('Installing dependencies …')
  runOrExit('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'])
}

export function build() {
  runOrExit('npx', ['turbo', 'run', 'build', '--output-logs=errors-only', '--log-order=grouped'], {
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  install()
  build()
}
