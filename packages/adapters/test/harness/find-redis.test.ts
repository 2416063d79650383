import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('../../../../scripts/find-redis.mjs', import.meta.url))

describe('find-redis', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'larder-find-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const program = (name: string) => {
    const path = join(folder, name)
    writeFileSync(path, '#!/bin/sh\n')
    chmodSync(path, 0o755)
    return path
  }
  /** Runs it where nothing can be found or installed but by `env`. */
  const find = (env: Record<string, string> = {}) => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [script], {
      env: { PATH: folder, ...env },
      encoding: 'utf8',
    })
    return { status, stdout: stdout.trim(), stderr: stderr.trim() }
  }

  it('prints the path of redis-server, or else of valkey-server', () => {
    const valkey = program('valkey-server')
    expect(find()).toEqual({ status: 0, stdout: valkey, stderr: '' })
    const redis = program('redis-server')
    expect(find()).toEqual({ status: 0, stdout: redis, stderr: '' })
  })

  it('takes REDIS_SERVER before all others, and says so when it cannot be run', () => {
    program('redis-server')
    const mine = program('my-redis')
    expect(find({ REDIS_SERVER: mine }).stdout).toBe(mine)
    expect(find({ REDIS_SERVER: '/nowhere/redis' })).toEqual({
      status: 1,
      stdout: '',
      stderr: 'REDIS_SERVER is set to /nowhere/redis, which cannot be run',
    })
  })

  it('says in one line what to install when there is none and no way to get one', () => {
    const { status, stderr } = find()
    expect(status).toBe(1)
    expect(stderr).toMatch(/^no redis-server or valkey-server on PATH: install it \(apt-get install redis-server.*$/)
    expect(stderr.split('\n')).toHaveLength(1)
  })
})
