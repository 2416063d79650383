import { describe, expect, test } from 'vitest'
import { writeEntry } from '../../../src/cache/entry.js'
import { isToldWith, readNews, toldValues, writeNews } from '../../../src/cache/extended/news.js'
import { TOMBSTONE_MS } from '../../../src/cache/lifetimes.js'

const NOW_MS = 1_700_000_000_000
const text = writeEntry({ freshUntilAtMs: NOW_MS + 1_000, loadMs: 20, payload: '"value"' }, ['s1', 's2'])
const stamps = ['s1', 's2']
/** Of a load that took a minute. */
const lease = `?${(NOW_MS - 60_000).toString(36).padStart(9, '0')}token`

describe('a message', () => {
  test.each(['larder:find:"a"', '', ';', '3;abc', 'a\nb', '🎉'])('names its key character for character: %j', (key) => {
    expect(readNews(writeNews(key))).toEqual({ key })
    expect(readNews(writeNews(key, '?lease') + text)).toEqual({ key, found: '?lease', text })
  })

  test.each(['', 'key', ';', 'x;key', '9;key', '-1;key', '1e9;'])('of somebody else is none: %j', (message) => {
    expect(readNews(message)).toBeUndefined()
  })

  test('carries no entry that is long, and none whose stamps were not there before its load', () => {
    expect(isToldWith(text, ['?lease', ...stamps])).toBe(true)
    expect(isToldWith(text, ['?lease', 's1', null])).toBe(false)
    expect(isToldWith(text.padEnd(1_025), ['?lease', ...stamps])).toBe(false)
  })
})

describe('what a message brings may be served', () => {
  const told = (found: string, mine: string | null, nowMs = NOW_MS) =>
    toldValues({ key: 'key', found, text }, [mine, ...stamps], nowMs)

  test.each([
    ['the lease of that load', '?lease', '?lease'],
    ['the tombstone that it replaced', '!tombstone', '!tombstone'],
    ['the old entry that it replaced, told by its head', '1head', '1head;payload'],
    ['nothing, and a lease was taken since', lease, null],
  ])('where the call has found %s', (_, found, mine) => {
    expect(told(found, mine)).toEqual([text, ...stamps])
  })

  test.each([
    ['another lease', '?lease', '?other'],
    ['another tombstone: it was evicted since', '!tombstone', '!other'],
    ['a tombstone where the load had found none', '?lease', '!tombstone'],
    ['nothing, where the load had found something', '!tombstone', null],
    ['nothing, and the lease is of nobody knows when', '?lease', null],
  ])('but not where it has found %s', (_, found, mine) => {
    expect(told(found, mine)).toBeUndefined()
  })

  test('until its ttl ends', () => {
    expect(told(lease, null, NOW_MS + 999)).toBeDefined()
    expect(told(lease, null, NOW_MS + 1_000)).toBeUndefined()
  })

  test('where it has found nothing, for half the time that a tombstone lies: it would be there', () => {
    const lasting = writeEntry({ freshUntilAtMs: NOW_MS + 3_600_000, loadMs: 20, payload: '"value"' }, stamps)
    const takenAt = (ms: number) => `?${ms.toString(36).padStart(9, '0')}token`
    const since = (ms: number) =>
      toldValues({ key: 'key', found: takenAt(NOW_MS - ms), text: lasting }, [null, ...stamps], NOW_MS)
    expect(since(TOMBSTONE_MS / 2 - 1)).toBeDefined()
    expect(since(TOMBSTONE_MS / 2)).toBeUndefined()
    // By a clock that is ahead.
    expect(since(1 - TOMBSTONE_MS / 2)).toBeDefined()
    expect(since(-TOMBSTONE_MS / 2)).toBeUndefined()
  })
})
