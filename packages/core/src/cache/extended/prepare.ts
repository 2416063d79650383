import { LarderError } from '../../errors/larder-error.js'
import type { CurrentLoad } from '../current-load.js'
import type { Engine, Place, Request, Values } from '../engine.js'
import { decode } from './decode.js'
import { judge } from './judge.js'
import { loadAs } from './load-as.js'
import { type Plan, planOf } from './plan.js'
import { startTimer } from './timers.js'

/**
 * A request as the extended path runs it: within the hard timeout, with an answer for `currentLoad`, and stored under the
 * plan's policy.
 *
 * @param values what was read before: the result that the load may want to compare with
 * @param inBackground whether the timeout must not keep the process alive
 */
export function prepare<Result>(
  engine: Engine,
  request: Request<Result>,
  values: Values | undefined,
  plan: Plan = planOf(request.policy),
  inBackground = false,
): Request<Result> {
  return {
    ...request,
    policy: plan.policy,
    load: async () => {
      const previous = await previousResult(engine, request, values, plan)
      const { monotonicMs } = engine.context
      const startedMs = monotonicMs()
      const result = await withinTime(plan, request, previous, inBackground)
      plan.timing.loadMs = monotonicMs() - startedMs
      return result
    },
  }
}

async function previousResult(
  engine: Engine,
  request: Place<never>,
  values: Values | undefined,
  plan: Plan,
): Promise<unknown> {
  const judged = values && judge(values, plan, engine.context.now())
  if (!judged || typeof judged === 'string') return undefined
  try {
    return await decode(engine, request, values, judged)
  } catch {
    return undefined
  }
}

function withinTime<Result>(
  { hardMs }: Plan,
  request: Request<Result>,
  previous: unknown,
  inBackground: boolean,
): Promise<Result> {
  let controller: AbortController | undefined
  let failure: LarderError | undefined
  const current: CurrentLoad = {
    // Few loads ask for it, and it is dear to make. Those that ask late may be too late.
    get signal() {
      controller ??= new AbortController()
      if (failure) controller.abort(failure)
      return controller.signal
    },
    previous,
  }
  const loading = loadAs(current, request.load)
  if (hardMs === undefined) return loading
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      const { prefix } = request.policy
      failure = new LarderError('ERR_LOAD_TIMEOUT', `${prefix} took longer than its hardTimeout of ${hardMs} ms`)
      reject(failure)
      controller?.abort(failure)
    }
    const cancel = startTimer(giveUp, hardMs, inBackground)
    loading.then(resolve, reject).finally(cancel)
  })
}
