import { env } from 'cloudflare:workers'
import type { Duration } from '@larder/core'

declare global {
  namespace Cloudflare {
    /** All that the Worker is configured with: `vars` of wrangler.jsonc, and secrets. */
    interface Env {
      /** Where tides are looked up. */
      readonly TIDES_URL: string
      /** How long a tide is fresh. */
      readonly TIDES_FRESH: Duration
      /** For how long after that it is still served at once, and looked up again behind the answer. */
      readonly TIDES_STALE: Duration
      /** A secret: what `DELETE /tides` and `POST /refresh` ask for. Without it nobody may. */
      readonly ADMIN_TOKEN?: string
      /** Two secrets. Without them everything is kept in each isolate's own memory. */
      readonly UPSTASH_REDIS_REST_URL?: string
      readonly UPSTASH_REDIS_REST_TOKEN?: string
    }
  }
}

/** The one place that reads the environment. On Workers it is there at module scope. */
export const config = env
