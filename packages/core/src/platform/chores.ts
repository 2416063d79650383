import { shared } from './shared.js'

/** What a drain does first, each with the mark of its toolkit: work that waits for an occasion, such as failed evictions. */
export const chores = () => shared('chores', () => new Map<() => Promise<unknown>, object>())
