import { tcp } from '@larder/adapters/tcp'
import { createLarder } from '@larder/core'

const { cached } = createLarder({ adapter: tcp() })
const square = cached('1m', 'square', async (n: number) => n * n)

/** A handler of the callback style that nothing wraps. It answers when nothing is left to do in the process. */
export function handler(event: { n: number }, _context: unknown, callback: (error: unknown, result?: number) => void) {
  square(event.n).then((result) => callback(null, result), callback)
}
