import { execFileSync } from 'node:child_process'

export interface RedisBinary {
  readonly path: string
  /** Of Redis or Valkey: 7 for 7.0.15. */
  readonly major: number
}

let known: RedisBinary | undefined

/** The server that the tests run. Looked for, and installed where possible, on first use. */
export async function redisBinary(): Promise<RedisBinary> {
  known ??= await find()
  return known
}

async function find(): Promise<RedisBinary> {
  const script = new URL('../../../../scripts/find-redis.mjs', import.meta.url).href
  // A plain script without declarations; this is the one function of it that is used here.
  const { findRedis } = (await import(/* @vite-ignore */ script)) as { findRedis(): string }
  const path = findRedis()
  const version = execFileSync(path, ['--version'], { encoding: 'utf8' })
  const major = /v=(\d+)\./.exec(version)?.[1]
  if (major === undefined) throw new Error(`${path} --version says ${version.trim()}`)
  return { path, major: Number(major) }
}
