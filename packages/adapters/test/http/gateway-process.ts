import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { freePort } from '../support/free-port.js'
import { type ServerProcess, spawnServer } from '../support/server-process.js'
import { waitUntil } from '../support/wait-until.js'

/** A gateway in a process of its own, so that it can be stopped and killed. */
export interface GatewayProcess extends AsyncDisposable {
  readonly url: string
  /** SIGKILL. Connections are refused from then on. */
  kill(): Promise<void>
  /** SIGSTOP. Connections are accepted, and nothing is answered. */
  pause(): void
  resume(): void
  restart(): Promise<void>
}

export async function startGatewayProcess(redisUrl: string, token: string): Promise<GatewayProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'larder-gateway-'))
  const script = join(folder, 'gateway.mjs')
  const port = await freePort()
  const source = fileURLToPath(new URL('../../../gateway/src/index.ts', import.meta.url))
  const options = JSON.stringify({ redis: redisUrl, port, token })
  await build({
    stdin: {
      contents: `import { createGateway } from ${JSON.stringify(source)}; await createGateway(${options})`,
      resolveDir: folder,
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile: script,
    logLevel: 'error',
  })
  const url = `http://127.0.0.1:${port}`

  const launch = async (): Promise<ServerProcess> => {
    const started = await spawnServer(process.execPath, [script], folder)
    await waitUntil('the gateway answers', async () => {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        body: '["PING"]',
      })
      return answer.ok
    })
    return started
  }
  let server = await launch()
  return {
    url,
    kill: () => server.kill(),
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    async restart() {
      await server.kill()
      server = await launch()
    },
    async [Symbol.asyncDispose]() {
      await server.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
