import { createLarder, type Limiter, type LimitRules } from '@larder/core'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { limitAdapters } from '../support/limit-adapters.js'
import { monitored } from '../support/monitor.js'
import { useServers } from '../support/use-servers.js'

const servers = useServers()
beforeEach(() => servers.redis.cli('FLUSHALL'))

/** A limiter as a process of its own would have it, whose clock is off by `skewMs`. With the patience of a busy machine. */
function client(rules: LimitRules, { way = 'tcp', skewMs = 0 } = {}): Limiter {
  const adapter = limitAdapters[way]?.(servers.urlFor(way))
  if (!adapter) throw new Error('no adapter')
  onTestFinished(() => adapter.close())
  const { limiter } = createLarder({ adapter, now: () => Date.now() + skewMs, store: { budget: '20s' } })
  return limiter({ prefix: 'api', blockCache: 0, ...rules })
}

const all: [string, LimitRules][] = [
  ['sliding-window', { limit: 20, per: '10s' }],
  ['approximate', { limit: 20, per: '10s', approximate: true }],
  ['gcra', { limit: 20, per: '1h', algorithm: 'gcra' }],
  ['fixed-window', { limit: 20, per: '10s', algorithm: 'fixed-window' }],
  ['sliding-log', { limit: 20, per: '10s', algorithm: 'sliding-log' }],
  ['concurrency', { limit: 20, per: '10s', algorithm: 'concurrency' }],
  [
    'several at once',
    {
      limits: [
        { limit: 20, per: '10s' },
        { limit: 30, per: '1h', algorithm: 'gcra' },
      ],
    },
  ],
]

const cases = all.flatMap(([name, rules]) => ['tcp', 'http'].map((way) => [name, way, rules] as const))

describe.each(cases)('%s over %s', (name, way, rules) => {
  test('200 calls at once of four clients admit exactly the limit', async () => {
    const clients = Array.from({ length: 4 }, () => client(rules, { way }))
    const outcomes = await Promise.all(Array.from({ length: 200 }, (_, i) => clients[i % 4]?.check('k')))
    expect(outcomes.filter((outcome) => outcome?.allowed)).toHaveLength(20)
    expect(outcomes.filter((outcome) => outcome?.status === 'undecided')).toEqual([])
  })

  test('clients whose clocks are 10 s off, to either side, admit what one alone would', async () => {
    const clients = [-10_000, 0, 10_000].map((skewMs) => client(rules, { way, skewMs }))
    let admitted = 0
    for (let call = 0; call < 90; call++) {
      const outcome = await clients[call % 3]?.check('k')
      if (outcome?.allowed) admitted++
      expect(outcome?.resetMs).toBeLessThanOrEqual(3_600_000)
    }
    expect(admitted).toBe(20)
  })

  test('a denial and a look leave all keys as they were, to the byte and the millisecond', async () => {
    const api = client(rules, { way })
    await api.check('k', { cost: 20 })
    const state = async () => {
      const keys = (await servers.redis.cli('KEYS', '*')).split('\n').sort()
      return Promise.all(
        keys.map(async (key) => [
          key,
          await servers.redis.cli('DUMP', key),
          await servers.redis.cli('PEXPIRETIME', key),
        ]),
      )
    }
    const before = await state()
    const commands = await monitored(servers.redis, async () => {
      for (let i = 0; i < 20; i++) {
        expect((await api.check('k')).allowed).toBe(false)
        await api.peek('k')
      }
    })
    expect(await state()).toEqual(before)
    expect(commands.filter(([name]) => /^(SET|GETEX|DEL|PEXPIRE|INCR)/i.test(name as string))).toEqual([])
  })

  test('every key has an end from its first instant, and no later one than it has to have', async () => {
    const api = client(rules, { way })
    const commands = await monitored(servers.redis, async () => {
      for (let i = 0; i < 40; i++) {
        const { release } = await api.check(`k${i % 3}`, { cost: 1 + (i % 5) })
        if (i % 4 === 0) await api.penalize(`k${i % 3}`, 2)
        if (i % 4 === 2) await api.refund(`k${i % 3}`, 3)
        if (i % 3 === 0) await release?.()
      }
    })
    const named = (name: RegExp) => commands.filter(([command]) => name.test(command as string))
    const written = [
      ...named(/^SET$/i).map(([, , , ...options]) => options),
      // Lengthens the life of what SET has written.
      ...named(/^GETEX$/i).map(([, , ...options]) => options),
    ]
    expect(written.length).toBeGreaterThan(2)
    for (const [option, ttlMs] of written) {
      expect(option).toBe('PX')
      // A debt of GCRA lasts for twice its burst; two windows of the estimate have to be told apart.
      expect(Number(ttlMs)).toBeLessThanOrEqual(name === 'gcra' || name === 'several at once' ? 7_200_000 : 20_000)
    }
    // Nothing else writes, but for INCRBY where a key is known to live.
    const names = new Set(commands.map(([name]) => (name as string).toUpperCase()))
    for (const name of names)
      expect(name).toMatch(/^(EVALSHA|EVAL|TIME|GET|PTTL|SET|GETEX|INCRBY|DEL|INFO|HELLO|CLIENT)$/)
    for (const key of (await servers.redis.cli('KEYS', '*')).split('\n').filter(Boolean)) {
      expect(Number(await servers.redis.cli('PTTL', key))).toBeGreaterThan(0)
    }
  })
})

test('waitUntilAllowed wakes when the quota is there: 30 calls at 100 a second take 200 ms, at two commands for each', async () => {
  const api = client({ limit: 10, per: '100ms' })
  await api.check('warm')
  await servers.redis.resetStats()
  const startedMs = performance.now()
  await Promise.all(Array.from({ length: 30 }, () => api.waitUntilAllowed('k')))
  const tookMs = performance.now() - startedMs
  expect(tookMs).toBeGreaterThanOrEqual(200)
  expect((await servers.redis.commandStats()).evalsha).toBeLessThanOrEqual(60)
})
