/** What is asked of a rule: to look, to spend if there is enough, to spend in any case, to give back. */
export const LOOK = 0
export const SPEND = 1
export const PENALIZE = 2
export const REFUND = 3
export type Mode = typeof LOOK | typeof SPEND | typeof PENALIZE | typeof REFUND
