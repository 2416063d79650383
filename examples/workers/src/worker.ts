import { LockBusyError } from '@larder/core'
import { answerFor } from './problem.js'
import { refreshAll } from './refresh.js'
import { answerTo } from './routes.js'

export default {
  fetch: (request) => answerTo(request).catch(answerFor),

  /** See `triggers` in wrangler.jsonc. */
  async scheduled() {
    try {
      await refreshAll()
    } catch (error) {
      // Then it is being done.
      if (!(error instanceof LockBusyError)) throw error
    }
  },
} satisfies ExportedHandler
