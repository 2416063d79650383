import { approximateWindow } from './approximate-window.js'
import { concurrency } from './concurrency.js'
import { fixedWindow } from './fixed-window.js'
import { gcra } from './gcra.js'
import type { ResolvedRule } from './resolve.js'
import type { Numbers, Rule } from './rule.js'
import { slidingLog, slidingWindow } from './sliding-window.js'

/** Which rule stands behind which option. */
export const RULES: Record<ResolvedRule['method'], Rule> = {
  'sliding-window': slidingWindow,
  approximate: approximateWindow,
  gcra,
  'fixed-window': fixedWindow,
  'sliding-log': slidingLog,
  concurrency,
}

/** What the rule goes by. @param limit the rule's own, or that of a call */
export function numbersOf({ method, windowMs, burst }: ResolvedRule, limit: number): Numbers {
  // The interval is rounded up: rather a little slower than the limit than a little faster.
  return method === 'gcra' ? [burst ?? limit, Math.ceil((windowMs * 1000) / limit)] : [limit, windowMs]
}
