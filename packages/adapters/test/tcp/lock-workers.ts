import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
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

let script: string | undefined

/** Starts workers, and waits until all of them are connected. */
export async function startWorkers(url: string, args: readonly string[][]): Promise<Worker[]> {
  script ??= await bundle()
  const source = script
  return Promise.all(
    args.map(async (own) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', source, '--', ...own], {
        cwd: file('../..'),
        env: { ...process.env, REDIS_URL: url },
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

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [file('lock-worker.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['ioredis', 'superjson'],
    alias: { '@larder/core': file('../../../core/src/index.ts') },
    plugins: [
      {
        name: 'platform',
        setup: (on) =>
          on.onResolve({ filter: /^#platform$/ }, () => ({ path: file('../../../core/src/platform/node.ts') })),
      },
    ],
    // It is handed over as an argument, which must not be longer than 128 KiB.
    minify: true,
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}
