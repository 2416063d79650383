import { execFileSync } from 'node:child_process'

/** Whether there is a process with this pid that does more than wait to be buried. */
export function isAlive(pid: number): boolean {
  try {
    const state = execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    return state !== '' && !state.startsWith('Z')
  } catch {
    return false
  }
}
