import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { onTestFinished } from 'vitest'

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** A process that runs `lock-worker.ts`. */
export interface Worker {
  readonly child: ChildProcess
  /** What it has written so far. */
  readonly lines: readonly Record<string, unknown>[]
  /** Lets it come to its end. */
  end(): Promise<void>
}

/**
 * Starts workers, and waits until all of them are connected.
 * @param urls of the Redis or of a gateway in front of it; of several, each worker's own
 */
export async function startWorkers(urls: string | readonly string[], args: readonly string[][]): Promise<Worker[]> {
  const script = await bundle()
  return Promise.all(
    args.map(async (own, i) => {
      const child = spawn(process.execPath, [script, ...own], {
        env: { ...process.env, STORE_URL: typeof urls === 'string' ? urls : urls[i] },
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      onTestFinished(() => void child.kill('SIGKILL'))
      const lines: Record<string, unknown>[] = []
      const reader = createInterface({ input: child.stdout as NodeJS.ReadableStream })
      const ready = once(reader, 'line')
      reader.on('line', (line) => lines.push(JSON.parse(line)))
      await ready
      lines.length = 0
      return {
        child,
        lines,
        async end() {
          const exited = once(child, 'close')
          child.stdin?.end()
          await exited
        },
      }
    }),
  )
}

/** The worker as one file, in a folder that goes with the test. */
async function bundle(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'larder-locks-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const outfile = join(folder, 'worker.mjs')
  await build({
    entryPoints: [file('lock-worker.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['ioredis', 'superjson', '@upstash/redis'],
    alias: { '@larder/core': file('../../../core/src/index.ts') },
    plugins: [
      {
        name: 'platform',
        setup: (on) =>
          on.onResolve({ filter: /^#platform$/ }, () => ({ path: file('../../../core/src/platform/node.ts') })),
      },
    ],
    outfile,
  })
  // Where it finds what was left out of it.
  symlinkSync(file('../../../../node_modules'), join(folder, 'node_modules'))
  return outfile
}
