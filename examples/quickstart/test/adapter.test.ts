import { expect, it } from 'vitest'
import { chooseAdapter } from '../src/adapter.js'

it('stays in this process without a URL', () => {
  const { adapter, where } = chooseAdapter('')
  expect(adapter.name).toBe('memory')
  expect(where).toBe('embedded in this process')
})

it('goes to Redis with one, and names the host without the password', () => {
  const { adapter, where } = chooseAdapter('redis://:secret@cache.example:6379/0')
  expect(adapter.name).toBe('tcp')
  expect(where).toBe('in Redis at cache.example:6379')
})

it('says what is wrong with a URL, and does not print it', () => {
  expect(() => chooseAdapter('http://:secret@cache.example')).toThrow(expect.objectContaining({ option: 'url' }))
  expect(() => chooseAdapter('http://:secret@cache.example')).toThrow(/^(?!.*secret)/)
})
