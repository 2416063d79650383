import { type Adapter, memory } from '@larder/core'
import { expect, it } from 'vitest'
import { chooseAdapter } from '../src/adapter.js'

const missing = () => Promise.reject(new Error("Cannot find module '@larder/adapters/tcp'"))

it('stays in this process without a URL, and does not look for the TCP adapter', async () => {
  const { adapter, where, note } = await chooseAdapter('', () => expect.unreachable())
  expect(adapter.name).toBe('memory')
  expect(where).toBe('embedded in this process')
  expect(note).toBeUndefined()
})

it('says in one line that the TCP adapter is missing, and goes on embedded', async () => {
  const { adapter, note } = await chooseAdapter('redis://localhost:6379', missing)
  expect(adapter.name).toBe('memory')
  expect(note).toBe('REDIS_URL is set, but @larder/adapters/tcp is not there yet: going on embedded.')
})

it('hands the URL to the TCP adapter where that is installed, and names the host without the password', async () => {
  const asked: string[] = []
  const tcp = ({ url }: { url: string }): Adapter => {
    asked.push(url)
    return { ...memory(), name: 'tcp' }
  }
  const { adapter, where } = await chooseAdapter('redis://:secret@cache.example:6379/0', async () => ({ tcp }))
  expect(asked).toEqual(['redis://:secret@cache.example:6379/0'])
  expect(adapter.name).toBe('tcp')
  expect(where).toBe('in Redis at cache.example:6379')
})
