import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const CORE = fileURLToPath(new URL('../..', import.meta.url))
const NODE_MODULES = fileURLToPath(new URL('../../../../node_modules', import.meta.url))
/** What `@larder/core` depends on, packed from this workspace so that the installation needs no network. */
const DEPENDENCIES = ['superjson', 'copy-anything'].map((name) => join(NODE_MODULES, name))
const execute = promisify(execFile)

/** An application of its own, with the packed package installed as a user would. */
export interface Consumer {
  readonly folder: string
  /** Paths in the tarball. */
  readonly packed: readonly string[]
  write(files: Record<string, string>): void
  /** Runs `node` in the folder. @returns what it prints, as JSON */
  node(...args: string[]): Promise<unknown>
  /** Runs the TypeScript compiler in the folder. @returns its complaints, `''` if there are none */
  tsc(...args: string[]): Promise<string>
  dispose(): void
}

/** @param more folders of further packages, with all that they need but `@larder/core` */
export async function createConsumer(more: readonly string[] = []): Promise<Consumer> {
  const folder = mkdtempSync(join(tmpdir(), 'larder-consumer-'))
  const npm = (...args: string[]) =>
    execute('npm', [...args, '--ignore-scripts', '--cache', join(folder, '.npm')], { cwd: folder })
  const write = (files: Record<string, string>) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
  }
  write({ 'package.json': '{ "private": true }' })
  const { stdout } = await npm('pack', '--json', CORE, ...DEPENDENCIES, ...more)
  const tarballs: { filename: string; files: { path: string }[] }[] = JSON.parse(stdout)
  await npm('install', '--offline', '--no-audit', '--no-fund', ...tarballs.map(({ filename }) => `./${filename}`))
  return {
    folder,
    packed: tarballs[0]?.files.map(({ path }) => path) ?? [],
    write,
    async node(...args) {
      return JSON.parse((await execute(process.execPath, args, { cwd: folder })).stdout)
    },
    async tsc(...args) {
      const run = execute(join(NODE_MODULES, '.bin', 'tsc'), args, { cwd: folder })
      return (await run.catch((error: { stdout: string }) => error)).stdout
    },
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  }
}
