import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { freePort } from '../../../../packages/adapters/test/support/free-port.js'
import { type ServerProcess, spawnServer } from '../../../../packages/adapters/test/support/server-process.js'
import { waitUntil } from '../../../../packages/adapters/test/support/wait-until.js'

const manifest = createRequire(import.meta.url).resolve('@larder/gateway/package.json')
const program = join(dirname(manifest), 'dist/esm/larder-gateway.js')

/** `larder-gateway` in a process of its own, to do to it what happens to processes. */
export interface GatewayProcess {
  readonly url: string
  readonly port: number
  readonly token: string
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGSTOP: connections are still accepted, and nothing is answered. */
  pause(): void
  /** SIGCONT. */
  resume(): void
  /** Starts it anew, on the same port. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startGatewayProcess(redisUrl: string): Promise<GatewayProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'larder-gateway-'))
  const port = await freePort()
  const token = 'a-token'
  const url = `http://127.0.0.1:${port}`
  const args = [program, '--redis', redisUrl, '--port', `${port}`, '--token', token]
  let server: ServerProcess
  async function launch(): Promise<void> {
    server = await spawnServer(process.execPath, args, folder)
    await waitUntil('the gateway answers', async () => {
      const response = await fetch(`${url}/ping`, { headers: { authorization: `Bearer ${token}` } })
      return response.ok
    })
  }
  await launch()
  return {
    url,
    port,
    token,
    kill: () => server.kill(),
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    restart: launch,
    async stop() {
      await server.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
