#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { isLarderError } from '@larder/core'
import { HELP, parseArguments, type Wish } from './arguments.js'
import { createGateway } from './gateway.js'
import type { GatewayOptions } from './options.js'

const EXIT_CANNOT_START = 1
const EXIT_WRONG_USAGE = 2

// Whoever reads us may leave: `larder-gateway | head -1`.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

const wish = readArguments()
if (wish?.kind === 'help') process.stdout.write(HELP)
else if (wish?.kind === 'version') console.log(version())
else if (wish?.kind === 'serve') await serve(wish.options, wish.log)

function readArguments(): Wish | undefined {
  try {
    return parseArguments(process.argv.slice(2))
  } catch (error) {
    fail(error, EXIT_WRONG_USAGE)
    return undefined
  }
}

async function serve(options: GatewayOptions, log: boolean): Promise<void> {
  let gateway: Awaited<ReturnType<typeof createGateway>>
  try {
    gateway = await createGateway({ ...options, log: log ? console.log : undefined })
  } catch (error) {
    const isUsage = isLarderError(error) && error.cause === undefined
    return fail(error, isUsage ? EXIT_WRONG_USAGE : EXIT_CANNOT_START)
  }
  const { url, token, redis } = gateway
  console.log(`larder-gateway ${version()} serves ${redis} at ${url}`)
  console.log(`\nUPSTASH_REDIS_REST_URL=${url}\nUPSTASH_REDIS_REST_TOKEN=${token}\n`)
  if (!gateway.isLoopback) {
    console.error(
      'warning: everyone on the network can reach this port; the token is all that keeps them out, and is not encrypted',
    )
  }
  const end = (signal: NodeJS.Signals) => {
    console.log(`${signal}: closing`)
    void gateway.close()
  }
  // Once: a second one ends it at once.
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  gateway.ping().catch((error: Error) => {
    console.error(`warning: ${error.message}; requests are answered with an error until it is there`)
  })
}

function fail(error: unknown, exitCode: number): void {
  console.error(`larder-gateway: ${error instanceof Error ? error.message : String(error)}`)
  if (exitCode === EXIT_WRONG_USAGE) console.error('larder-gateway --help tells more')
  process.exitCode = exitCode
}

function version(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}
