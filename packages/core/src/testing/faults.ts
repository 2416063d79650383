import type { Adapter } from '../adapter/adapter.js'
import { sleep } from '../time/timer.js'
import { type AdapterCall, intercept } from './intercept.js'

/** An adapter with a fault that can be switched on and off while it is in use. */
export interface FaultyAdapter extends Adapter {
  /** Whether calls run into the fault. Off, they pass through; a call already under way keeps its fate. */
  active: boolean
}

/** When a double runs into its fault. */
export interface FaultOptions {
  /**
   * Whether the fault is there from the start.
   * @default true
   */
  readonly active?: boolean
  /**
   * Which calls run into it.
   * @default every call
   */
  readonly when?: (call: AdapterCall) => boolean
}

/** How {@link failing} and {@link lossy} fail. */
export interface FailingOptions extends FaultOptions {
  /**
   * What calls reject with.
   * @default an Error that says that the store is down, or that the answer got lost
   */
  readonly error?: unknown
}

/** What {@link lying} answers. */
export interface LyingOptions extends FaultOptions {
  /**
   * What a call resolves to.
   * @default nonsense of a dozen shapes, each in its turn
   */
  readonly answer?: (call: AdapterCall) => unknown
}

/**
 * A store that is down: every call rejects, and nothing reaches the adapter underneath.
 *
 * @example
 * const store = failing(memory(), { active: false })
 * const larder = createLarder({ adapter: store })
 * store.active = true // from here on, cached calls run their method
 */
export function failing(adapter: Adapter, options: FailingOptions = {}): FaultyAdapter {
  const { error = new Error('the store is down') } = options
  return addFault(adapter, options, async () => {
    throw error
  })
}

/**
 * A store that never answers: calls do not reach the adapter underneath and stay pending for good, aborted or not.
 *
 * @example
 * const { health } = createLarder({ adapter: hanging(memory()), store: { budget: '50ms' } })
 * const { ok } = await health() // false, after 50 ms
 */
export function hanging(adapter: Adapter, options: FaultOptions = {}): FaultyAdapter {
  return addFault(adapter, options, () => new Promise(() => {}))
}

/**
 * A store far away: each call takes `pauseMs` longer to arrive. By `setTimeout`, so a runner's fake timers drive it.
 *
 * @example
 * const store = slow(memory(), 40)
 */
export function slow(adapter: Adapter, pauseMs: number, options: FaultOptions = {}): FaultyAdapter {
  return addFault(adapter, options, async ({ proceed }) => {
    await sleep(pauseMs)
    return proceed()
  })
}

/**
 * A store that answers nonsense of the wrong shape, without doing what it was asked.
 *
 * @example
 * const store = lying(memory(), { answer: () => 'OK', when: ({ method }) => method === 'getMany' })
 */
export function lying(adapter: Adapter, options: LyingOptions = {}): FaultyAdapter {
  let told = 0
  const { answer = () => NONSENSE[told++ % NONSENSE.length] } = options
  return addFault(adapter, options, async (call) => answer(call))
}

/**
 * A connection that breaks after the command got through: the adapter underneath does what it was asked, and the call
 * rejects all the same. The hardest case for counters and locks.
 *
 * @example
 * const store = lossy(memory(), { when: ({ method }) => method === 'run' })
 */
export function lossy(adapter: Adapter, options: FailingOptions = {}): FaultyAdapter {
  const { error = new Error('the connection broke before the answer came') } = options
  return addFault(adapter, options, async ({ proceed }) => {
    await proceed()
    throw error
  })
}

/** What no method of an adapter may resolve to, and no script of ours. */
const NONSENSE: readonly unknown[] = [
  undefined,
  'OK',
  {},
  [undefined],
  [{ value: 1 }],
  Number.NaN,
  -1.5,
  [[]],
  () => {},
  Symbol('nonsense'),
  new Uint8Array([1, 2]),
  new Error('not thrown, but given'),
]

function addFault(
  adapter: Adapter,
  { active = true, when = () => true }: FaultOptions,
  fault: (call: AdapterCall) => Promise<unknown>,
): FaultyAdapter {
  const double: FaultyAdapter = Object.assign(
    intercept(adapter, (call) => (double.active && when(call) ? fault(call) : call.proceed())),
    { active },
  )
  return double
}
