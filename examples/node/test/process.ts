import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export interface InstanceProcess {
  readonly url: string
  output(): string
  /** Asks it to end, as a deployment does. @returns its exit code */
  terminate(): Promise<number | null>
}

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** An instance in a process of its own, as `npm start` runs it. It ends with the test. */
export async function startProcess(redisUrl: string): Promise<InstanceProcess> {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), main], {
    env: { ...process.env, REDIS_URL: redisUrl, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  const ended = once(child, 'close')
  onTestFinished(() => void child.kill('SIGKILL'))
  let url: string | undefined
  while (!url) {
    if (child.exitCode !== null) throw new Error(output)
    url = /on (http:\S+);/.exec(output)?.[1]
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return {
    url,
    output: () => output,
    async terminate() {
      child.kill('SIGTERM')
      return (await ended)[0]
    },
  }
}
