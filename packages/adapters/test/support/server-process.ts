import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** A server that this process started. */
export interface ServerProcess {
  readonly pid: number
  /** Whether it has not ended yet. A stopped one (SIGSTOP) is running. */
  readonly running: boolean
  /** Resolves when it has ended, by whatever cause. */
  readonly ended: Promise<void>
  signal(name: NodeJS.Signals): void
  /** Ends it by SIGKILL, by its pid, and waits until it is gone. Does nothing when it is gone already. */
  kill(): Promise<void>
}

/**
 * Starts a server that cannot outlive this process, however this process ends: a shell beside it waits for a line on its
 * standard input. The line says that all is well; the end of the input says that we are gone, and then the shell ends the
 * server and removes `folder`.
 */
export async function spawnServer(command: string, args: readonly string[], folder: string): Promise<ServerProcess> {
  const server = spawn(command, args, { cwd: folder, stdio: 'ignore' })
  const pid = await pidOf(server)
  let running = true
  const ended = once(server, 'exit').then(() => {
    running = false
  })
  const guard = spawn('sh', ['-c', 'read -r line || { kill -9 "$1"; rm -rf "$2"; }', 'sh', String(pid), folder], {
    // In a group of its own, so that Ctrl-C in the terminal does not end it before its work is done.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const guardEnded = once(guard, 'exit')
  guard.stdin.on('error', () => {}) // it may be gone already
  const gone = ended.then(() => {
    guard.stdin.end('done\n')
    return guardEnded
  })

  return {
    pid,
    get running() {
      return running
    },
    ended,
    signal: (name) => void process.kill(pid, name),
    async kill() {
      if (running) server.kill('SIGKILL')
      await gone
    },
  }
}

async function pidOf(child: ChildProcess): Promise<number> {
  // Rejects with the child's error when it could not be started.
  await once(child, 'spawn')
  return child.pid as number
}
