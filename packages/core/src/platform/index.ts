import { platform as chosen } from '#platform'
import type { Platform } from './platform.js'

/** A name of our own, not passed on: bundlers would make another file of what is chosen, and each bundle load one more. */
export const platform: Platform = chosen
