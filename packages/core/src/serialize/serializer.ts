import { isPlainJson } from './plain.js'

/**
 * How results become text and come back. Give your own as `serializer` to store what superjson cannot, or faster.
 *
 * Either half may be asynchronous and may throw: a result that cannot be written is returned to the caller and not
 * stored; text that cannot be read is a miss.
 */
export interface Serializer {
  /** @param key where in the store the text is to lie: for a serializer that ties the two together, as `encrypted` does */
  serialize(value: unknown, key: string): string | Promise<string>
  /** @param key where in the store the text lay */
  deserialize(text: string, key: string): unknown
}

/** A stored value's first character: how the rest was written. */
const JSON_TEXT = 'j'
const UNDEFINED = 'u'
const SUPERJSON = 's'

/** superjson and what belongs to it, loaded when a value first needs it: importing core must not pay for them. */
const rich = () => import('./rich.js')

/**
 * The default: plain JSON where that is exact, else superjson (Date, Map, Set, BigInt, RegExp, URL, typed arrays,
 * undefined, NaN, -0, cycles, registered classes). What neither gives back as it was is refused.
 */
export const defaultSerializer = {
  serialize(value: unknown): string | Promise<string> {
    if (isPlainJson(value)) return JSON_TEXT + JSON.stringify(value)
    if (value === undefined) return UNDEFINED
    return rich().then(async ({ writeRich }) => SUPERJSON + (await writeRich(value)))
  },
  deserialize(text: string): unknown {
    const body = text.slice(1)
    switch (text[0]) {
      case JSON_TEXT:
        return JSON.parse(body)
      case UNDEFINED:
        return undefined
      case SUPERJSON:
        return rich().then(({ readRich }) => readRich(body))
      default:
        throw new SyntaxError('not a stored value')
    }
  },
} satisfies Serializer
