import { afterEach, beforeEach, expect } from 'vitest'

/**
 * Fails each test of a file in which a rejection was handled by nobody. Call it before the file's own hooks, so that it sees
 * what those leave behind.
 */
export function refuseUnhandledRejections(): void {
  const unhandled: unknown[] = []
  const onUnhandled = (error: unknown) => unhandled.push(error)
  beforeEach(() => void process.on('unhandledRejection', onUnhandled))
  afterEach(() => {
    process.off('unhandledRejection', onUnhandled)
    expect(unhandled.splice(0)).toEqual([])
  })
}
