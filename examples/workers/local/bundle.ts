import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const home = fileURLToPath(new URL('..', import.meta.url))
const manifest = createRequire(import.meta.url).resolve('wrangler/package.json')
const wrangler = join(dirname(manifest), 'bin/wrangler.js')

/** The Worker as `wrangler deploy` would upload it, in a folder of its own. */
export interface Bundle {
  readonly folder: string
  remove(): Promise<void>
}

/** @throws an Error with what wrangler had to say. */
export async function bundle(): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), 'larder-worker-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    await promisify(execFile)(process.execPath, [wrangler, 'deploy', '--dry-run', '--outdir', folder], {
      cwd: home,
      env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
    })
  } catch (error) {
    await remove()
    throw error
  }
  return { folder, remove }
}
