import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const TSX = createRequire(import.meta.url).resolve('tsx/cli')
const ROOT = fileURLToPath(new URL('..', import.meta.url))

export interface Run {
  readonly exitCode: number | null
  readonly output: string
  readonly ms: number
}

/** Runs `tsx` with `args` in the quickstart's folder, its output in a pipe and nothing set that asks for colour or Redis. */
export function runTsx(args: readonly string[], extraEnv: NodeJS.ProcessEnv = {}): Promise<Run> {
  const { FORCE_COLOR: _, NO_COLOR: __, REDIS_URL: ___, ...env } = process.env
  return new Promise((resolve, reject) => {
    const startedMs = performance.now()
    const child = spawn(process.execPath, [TSX, ...args], { cwd: ROOT, env: { ...env, ...extraEnv } })
    let output = ''
    const collect = (chunk: Buffer) => {
      output += chunk
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', reject)
    child.on('close', (exitCode) => resolve({ exitCode, output, ms: performance.now() - startedMs }))
  })
}
