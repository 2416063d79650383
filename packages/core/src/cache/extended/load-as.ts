import { shared } from '../../platform/shared.js'
import type { CurrentLoad } from '../current-load.js'

/**
 * Begins `load` so that its synchronous part finds `current` by `currentLoad()`. In a file of its own: `current-load` is
 * loaded at once by those who use it, and this is not.
 */
export function loadAs<Result>(current: CurrentLoad, load: () => Promise<Result>): Promise<Result> {
  const place = shared<{ current?: CurrentLoad | undefined }>('load', () => ({}))
  const outer = place.current
  place.current = current
  try {
    return load()
  } finally {
    place.current = outer
  }
}
