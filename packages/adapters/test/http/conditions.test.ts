import { expect, test } from 'vitest'
import { setUpServers } from './setup.js'

const servers = setUpServers()

const text = (value: string) => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')

/**
 * Plays a server that has the commands of Redis 8.4, which the one at hand may not have: each is answered by a script of
 * the same meaning, as https://redis.io/commands/set and https://redis.io/commands/delex describe it.
 */
function playNewServer(): void {
  servers.proxy.rewrite = (command) => {
    const [name, key, ...rest] = command as [string, string, ...string[]]
    const condition = rest.indexOf('IFEQ')
    if (condition < 0 || (name !== 'SET' && name !== 'DELEX')) return command
    const matches = rest[condition + 1] as string
    const done =
      name === 'DELEX' ? `return redis.call('DEL', KEYS[1])` : `return redis.call('SET', KEYS[1], unpack(ARGV, 2))`
    const refused = name === 'DELEX' ? 'return 0' : 'return false'
    const lua = `if redis.call('GET', KEYS[1]) == ARGV[1] then ${done} end ${refused}`
    return ['EVAL', lua, '1', key, matches, ...rest.slice(0, condition), ...rest.slice(condition + 2)]
  }
}

async function tryConditions(adapter: ReturnType<typeof servers.open>) {
  await adapter.set('k', 'one')
  return [
    await adapter.set('k', 'no', { when: { matches: 'other' } }),
    await adapter.set('k', 'two', { when: { matches: 'one' }, ttlMs: 60_000 }),
    await adapter.expireIf('k', 'other', 1_000),
    await adapter.expireIf('k', 'two', 5_000),
    await adapter.set('absent', 'no', { when: { matches: '' } }),
    await adapter.deleteIf('k', 'other'),
    await adapter.deleteIf('k', 'two'),
    await adapter.deleteIf('k', 'two'),
  ]
}
const outcomes = [false, true, false, true, false, false, true, false]

test('a condition is one command where the server has it', async () => {
  const { open, proxy } = servers
  playNewServer()
  expect(await tryConditions(open())).toEqual(outcomes)
  expect(new Set(proxy.commands())).toEqual(new Set(['SET', 'DELEX']))
  expect(proxy.requests.length).toBe(9)
})

test('and a script where it has not, after one try of each command', async () => {
  const { open, proxy } = servers
  const adapter = open()
  expect(await tryConditions(adapter)).toEqual(outcomes)
  proxy.requests.length = 0
  expect(await tryConditions(adapter)).toEqual(outcomes)
  expect(proxy.commands()).toEqual(['SET', ...Array.from({ length: 8 }, () => 'EVALSHA')])
})

test('and where an ACL forbids the command', async () => {
  const { open, proxy } = servers
  proxy.fault = ({ body }) =>
    body.includes('DELEX')
      ? { body: `[{"error":"${text(`NOPERM User app has no permissions to run the 'delex' command`)}"}]` }
      : undefined
  const adapter = open()
  await adapter.set('k', 'v')
  expect(await adapter.deleteIf('k', 'v')).toBe(true)
})

test('a limit of the plan that was reached for a while does not mean that the command is missing', async () => {
  const { open, proxy } = servers
  playNewServer()
  const adapter = open()
  proxy.fault = () => ({
    body: `[{"error":"${text('ERR max daily request limit exceeded. Limit: 10000, Usage: 10000.')}"}]`,
  })
  await expect(adapter.deleteIf('k', 'v')).rejects.toMatchObject({ code: 'ERR_REPLY', reply: 'LIMIT' })
  proxy.fault = undefined
  proxy.requests.length = 0
  await adapter.deleteIf('k', 'v')
  expect(proxy.commands()).toEqual(['DELEX'])
})

test('a refusal that has another reason is told', async () => {
  const { open, redis } = servers
  playNewServer()
  await redis.cli('LPUSH', 'list', 'item')
  await expect(open().deleteIf('list', 'item')).rejects.toMatchObject({ code: 'ERR_REPLY', reply: 'WRONGTYPE' })
})
