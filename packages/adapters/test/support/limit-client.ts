// A process with several clients in it, all of which call one limiter as fast as they can. Its history is one line.
import { type Adapter, createLarder } from '@larder/core'
import { limitAdapters } from './limit-adapters.js'

/** What the test asks of the process. */
export interface Task {
  readonly adapter: string
  readonly url: string
  /** `broken` reads and writes as two commands: the control, whose faults must be found. */
  readonly kind: 'limiter' | 'broken'
  readonly clients: number
  readonly rounds: number
  readonly callsPerRound: number
  readonly limit: number
  /** When round 0 begins, and how long each takes, so that all processes are at one key at a time. */
  readonly startAtMs: number
  readonly roundMs: number
}

export interface LimitCall {
  readonly act: 'check' | 'peek' | 'refund'
  readonly cost: number
}

export interface LimitAnswer {
  readonly allowed: boolean
  readonly remaining: number
}

/** A call, and when it was under way, by the clock of the machine. */
export interface Recorded {
  readonly round: number
  readonly call: LimitCall
  readonly answer: LimitAnswer
  readonly calledAtNs: number
  readonly answeredAtNs: number
}

type Act = (key: string, call: LimitCall) => Promise<LimitAnswer>

function openLimiter(adapter: Adapter, limit: number): Act {
  const { limiter } = createLarder({ adapter, store: { budget: '20s' } })
  const api = limiter({ prefix: 'linear', limit, per: '1h', blockCache: 0 })
  return async (key, { act, cost }) => {
    if (act === 'refund') {
      await api.refund(key, cost)
      return { allowed: true, remaining: 0 }
    }
    const { status, allowed, remaining } = await api[act](key, { cost })
    if (status === 'undecided') throw new Error('the store did not answer')
    return { allowed, remaining }
  }
}

function openBroken(adapter: Adapter, limit: number): Act {
  return async (key, { act, cost }) => {
    const [value] = await adapter.getMany([key])
    const used = Number(value ?? 0)
    const next = act === 'refund' ? Math.max(0, used - cost) : used + cost
    if (act === 'refund') {
      await adapter.set(key, `${next}`, { ttlMs: 60_000 })
      return { allowed: true, remaining: 0 }
    }
    if (next > limit) return { allowed: false, remaining: limit - used }
    if (act === 'peek') return { allowed: true, remaining: limit - used }
    await adapter.set(key, `${next}`, { ttlMs: 60_000 })
    return { allowed: true, remaining: limit - next }
  }
}

async function run(task: Task): Promise<void> {
  const adapter = limitAdapters[task.adapter]?.(task.url)
  if (!adapter) throw new Error(`no adapter ${task.adapter}`)
  const act = (task.kind === 'broken' ? openBroken : openLimiter)(adapter, task.limit)
  await act('warm', { act: 'peek', cost: 1 })
  const history: Recorded[] = []
  const client = async (round: number) => {
    for (let i = 0; i < task.callsPerRound; i++) {
      const kind = Math.random()
      const call: LimitCall = {
        act: kind < 0.7 ? 'check' : kind < 0.85 ? 'refund' : 'peek',
        cost: 1 + Math.floor(Math.random() * 2),
      }
      const calledAtNs = Number(process.hrtime.bigint())
      const answer = await act(`round ${round}`, call)
      history.push({ round, call, answer, calledAtNs, answeredAtNs: Number(process.hrtime.bigint()) })
    }
  }
  for (let round = 0; round < task.rounds; round++) {
    const waitMs = task.startAtMs + round * task.roundMs - Date.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    await Promise.all(Array.from({ length: task.clients }, () => client(round)))
  }
  await adapter.close()
  console.log(JSON.stringify(history))
}

if (process.env.LIMIT_TASK) await run(JSON.parse(process.env.LIMIT_TASK) as Task)
