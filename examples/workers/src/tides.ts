import { config } from './env.js'
import { larder } from './larder.js'

/** Longer than this is as good as no answer. */
const PATIENCE_MS = 5_000

export interface Tide {
  readonly harbour: string
  readonly day: string
  readonly high: readonly string[]
  readonly low: readonly string[]
  /** When the tables were asked. A Date, from the cache as well. */
  readonly askedAt: Date
}

/** The tide tables did not answer as they should. */
export class TablesError extends Error {
  override readonly name = 'TablesError'
}

/** Tide tables of a slow service elsewhere. */
class Tides {
  /**
   * One harbour's tides on a day; `null` for a harbour that the tables do not know, which is remembered too. Fresh for a
   * while; then served at once and looked up again behind the answer; for a day, better than an error.
   */
  @larder.Cached({
    ttl: config.TIDES_FRESH,
    prefix: 'tide',
    staleWhileRevalidate: config.TIDES_STALE,
    staleIfError: '1d',
    tags: (harbour: string) => ['tides', `harbour:${harbour}`],
  })
  async on(harbour: string, day: string): Promise<Tide | null> {
    const table = (await ask(`/${harbour}/${day}`)) as Pick<Tide, 'high' | 'low'> | null
    return table && { harbour, day, high: table.high, low: table.low, askedAt: new Date() }
  }

  /** The harbours that the tables know. Asked by the job alone, so not cached. */
  async harbours(): Promise<readonly string[]> {
    return ((await ask('/')) as string[] | null) ?? []
  }
}

async function ask(path: string): Promise<unknown> {
  let response: Response
  try {
    response = await fetch(config.TIDES_URL + path, { signal: AbortSignal.timeout(PATIENCE_MS) })
  } catch (cause) {
    throw new TablesError('the tide tables cannot be reached', { cause })
  }
  if (response.status === 404) return null
  if (!response.ok) throw new TablesError(`the tide tables answered ${response.status}`)
  return response.json()
}

export const tides = new Tides()

export function today(): string {
  return new Date().toISOString().slice(0, 10)
}
