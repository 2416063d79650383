import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { onTestFinished } from 'vitest'

/** A process of its own, killed at the end of the test, that is spoken to in lines of JSON. */
export interface Spawned {
  readonly child: ChildProcess
  send(order: unknown): void
  /** The next line for which `wanted` holds, from the first one on that nobody has taken. */
  next<Line = Record<string, unknown>>(wanted: (line: Line) => boolean): Promise<Line>
}

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/**
 * Bundles a module of this folder, with the sources of core. In the package's own `node_modules`: from there the bundle
 * finds the clients. @returns the file, removed by `removeBundle`
 */
export async function bundle(name: string): Promise<string> {
  const outfile = path(`../../node_modules/.cache/${randomUUID()}.mjs`)
  await build({
    entryPoints: [path(`./${name}`)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['ioredis', '@upstash/redis', 'superjson'],
    alias: { '@larder/core': path('../../../core/src/index.ts') },
    plugins: [
      {
        name: 'platform',
        setup: (b) =>
          b.onResolve({ filter: /^#platform$/ }, () => ({ path: path('../../../core/src/platform/node.ts') })),
      },
    ],
    outfile,
  })
  return outfile
}

export function removeBundle(file: string): void {
  rmSync(file, { force: true })
}

export function spawnLarder(file: string, env: Record<string, string>): Spawned {
  const child = spawn(process.execPath, [file], {
    cwd: path('../..'),
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const untaken: Record<string, unknown>[] = []
  const waiting: Array<() => void> = []
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    untaken.push(JSON.parse(line))
    for (const look of waiting.splice(0)) look()
  })
  return {
    child,
    send: (order) => void child.stdin?.write(`${JSON.stringify(order)}\n`),
    async next(wanted) {
      for (;;) {
        const at = untaken.findIndex((line) => wanted(line as never))
        if (at >= 0) return untaken.splice(at, 1)[0] as never
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
    },
  }
}
