import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { Miniflare } from 'miniflare'

export const home = fileURLToPath(new URL('..', import.meta.url))
/** What `npm run build` has written: the very files that `wrangler deploy` would upload. */
const bundle = join(home, 'dist')

/** A Worker in workerd, the runtime that Cloudflare runs. */
export interface LocalWorker {
  readonly url: string
  /** What it and the runtime have written: console output, warnings, errors. */
  readonly logs: readonly string[]
  /** Does what the clock would: see `triggers` in wrangler.jsonc. */
  runScheduled(): Promise<void>
  /** May be called twice. */
  stop(): Promise<void>
}

export interface LocalWorkerOptions {
  /** Over those of wrangler.jsonc, with the secrets. */
  readonly vars: Readonly<Record<string, string>>
  /** @default a free one */
  readonly port?: number
  readonly compatibilityFlags?: readonly string[]
  readonly onLog?: (line: string) => void
}

interface WranglerConfig {
  readonly compatibility_date: string
  readonly vars: Readonly<Record<string, string>>
}

/** Starts the Worker as it was built last. */
export async function startWorker(options: LocalWorkerOptions): Promise<LocalWorker> {
  const { vars, port = 0, compatibilityFlags = [], onLog } = options
  const config = readConfig()
  const logs: string[] = []
  const collect = (stream: Readable) =>
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      for (const line of chunk.split('\n').filter(Boolean)) {
        logs.push(line)
        onLog?.(line)
      }
    })
  const miniflare = new Miniflare({
    modules: true,
    modulesRoot: bundle,
    scriptPath: join(bundle, 'worker.js'),
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: [...compatibilityFlags],
    bindings: { ...config.vars, ...vars },
    host: '127.0.0.1',
    port,
    // Would be fetched from Cloudflare.
    cf: false,
    handleRuntimeStdio(out: Readable, err: Readable) {
      collect(out)
      collect(err)
    },
  })
  let stopped: Promise<void> | undefined
  return {
    url: (await miniflare.ready).origin,
    logs,
    async runScheduled() {
      await (await miniflare.getWorker()).scheduled({})
    },
    stop() {
      stopped ??= miniflare.dispose()
      return stopped
    },
  }
}

/** wrangler.jsonc: JSON in which lines may be comments. */
function readConfig(): WranglerConfig {
  const text = readFileSync(join(home, 'wrangler.jsonc'), 'utf8')
  return JSON.parse(text.replace(/^\s*\/\/.*$/gm, '')) as WranglerConfig
}
