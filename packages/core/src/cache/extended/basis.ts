import type { Values } from '../engine.js'

/**
 * Tells one state of a place from another, without its payload: the entry's header with the stamps it was stored under,
 * or the tombstone, and the stamps as they are. `undefined`, where the store could not be read, is a state too.
 */
export function basisOf(values: Values | undefined): string {
  if (!values) return '-'
  const [text, ...stamps] = values
  return [text && headOf(text), ...stamps].join()
}

/** What tells the text at a place from any other that was ever there: an entry's header, a tombstone or a lease. */
export function headOf(text: string): string {
  const end = text.indexOf(';')
  return end < 0 ? text : text.slice(0, end)
}
