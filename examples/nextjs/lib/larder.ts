import { tcp } from '@larder/adapters/tcp'
import { createLarder, memory } from '@larder/core'
import { after } from 'next/server'

/** Redis where `REDIS_URL` names one: then all instances share what one has loaded, and one's evictions reach all. */
export const isShared = Boolean(process.env.REDIS_URL)

/** The toolkit of the routes that run on Node. What is left to do behind an answer is done in Next.js' `after()`. */
export const larder = createLarder({
  adapter: isShared ? tcp() : memory(),
  namespace: 'nextjs-example',
  waitUntil: (work) => after(work),
  // An edit under `next dev` evaluates the decorated classes again.
  hotReload: process.env.NODE_ENV === 'development',
})
