import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { onTestFinished } from 'vitest'

export interface ScriptProcess<Answer> {
  readonly child: ChildProcess
  /** Sends a line and waits for the one that answers it. */
  ask(command: string): Promise<Answer>
}

/**
 * Starts a script of this folder, with core from its source, in a process of its own, which ends with the test.
 * @param name its file, without the ending
 */
export async function startScript<Answer>(name: string, env: Record<string, string>): Promise<ScriptProcess<Answer>> {
  const file = (path: string) => fileURLToPath(new URL(path, import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'larder-script-'))
  await build({
    entryPoints: [file(`./${name}.ts`)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['ioredis', 'superjson'],
    alias: { '@larder/core': file('../../../core/src/index.ts') },
    plugins: [
      {
        name: 'platform',
        setup: (b) =>
          b.onResolve({ filter: /^#platform$/ }, () => ({ path: file('../../../core/src/platform/node.ts') })),
      },
    ],
    outfile: join(folder, 'script.mjs'),
  })
  // Where it finds what was left out of it.
  symlinkSync(file('../../../../node_modules'), join(folder, 'node_modules'))
  const child = spawn(process.execPath, [join(folder, 'script.mjs')], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  })
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  return {
    child,
    async ask(command) {
      const line = once(lines, 'line')
      child.stdin?.write(`${command}\n`)
      return JSON.parse((await line)[0])
    },
  }
}
