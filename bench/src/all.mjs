// Runs every suite, each in a process of its own.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { installPeers } from './peers.mjs'

const flags = process.argv.slice(2)
if (flags.includes('--peers')) installPeers()

const SUITES = [
  'hit',
  'near-hit',
  'redis-hit',
  'http-hit',
  'rate-limit',
  'locks',
  'serialize',
  'stampede',
  'stampede-processes',
  'size',
]

let failed = 0
for (const suite of SUITES) {
  const path = fileURLToPath(new URL(`${suite}.mjs`, import.meta.url))
  const { status } = spawnSync(process.execPath, [path, ...flags], { stdio: 'inherit' })
  if (status !== 0) {
    console.error(`The suite ${suite} failed.`)
    failed++
  }
}
process.exitCode = failed ? 1 : 0
