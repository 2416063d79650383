import { type Command, word } from './redis/reply.js'

const STREAM = 'over HTTP it is an event stream: POST /'
const TRANSACTION = 'over HTTP a transaction is one request: POST /multi-exec'
const CONNECTION = 'it changes the connection, which all requests share'
const BLOCKING = 'it blocks the connection, which all requests share'
const SERVER = 'it is for servers among themselves, or ends one'

/** Commands that make no sense over HTTP or would harm others on the same connection, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  ...of(TRANSACTION, 'MULTI EXEC DISCARD WATCH UNWATCH'),
  ...of(CONNECTION, 'AUTH HELLO SELECT RESET QUIT ASKING READONLY READWRITE'),
  ...of(BLOCKING, 'BLPOP BRPOP BRPOPLPUSH BLMOVE BLMPOP BZPOPMIN BZPOPMAX BZMPOP WAIT WAITAOF'),
  ...of(SERVER, 'SYNC PSYNC REPLCONF REPLICAOF SLAVEOF FAILOVER SHUTDOWN DEBUG'),
  SUBSCRIBE: `${STREAM}subscribe/<channel>`,
  PSUBSCRIBE: `${STREAM}psubscribe/<pattern>`,
  SSUBSCRIBE: `${STREAM}subscribe/<channel>`,
  MONITOR: `${STREAM}monitor`,
  ...of('close the event stream instead', 'UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE'),
}

/** What of CLIENT only looks. */
const CLIENT_READS = ['LIST', 'INFO', 'ID', 'GETNAME', 'GETREDIR', 'HELP']

/** Why a command is not sent to Redis, as an error of the form that Redis has; undefined if it is. */
export function refusalOf(command: Command): string | undefined {
  const name = word(command)
  const reason = REFUSED[name] ?? (isBlocking(command) ? BLOCKING : changesClient(command) ? CONNECTION : undefined)
  return reason && `ERR Command is not available: '${name}'; ${reason}`
}

/** `XREAD BLOCK`: among the options, which end with STREAMS. A group and its consumer come before, by any name. */
function isBlocking(command: Command): boolean {
  const name = word(command)
  if (name !== 'XREAD' && name !== 'XREADGROUP') return false
  const words = command.map((_, i) => word(command, i)).slice(name === 'XREAD' ? 1 : 4)
  return words.slice(0, words.indexOf('STREAMS')).includes('BLOCK')
}

function changesClient(command: Command): boolean {
  if (word(command) === 'SCRIPT') return word(command, 1) === 'DEBUG'
  return word(command) === 'CLIENT' && !CLIENT_READS.includes(word(command, 1))
}

function of(reason: string, names: string): Record<string, string> {
  return Object.fromEntries(names.split(' ').map((name) => [name, reason]))
}
