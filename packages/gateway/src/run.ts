import { type Answer, answerFault, answerMany, answerOne, type Format } from './answer.js'
import type { Pool } from './redis/pool.js'
import { type Command, type Reply, ReplyFault } from './redis/reply.js'
import { refusalOf } from './refusals.js'
import type { Scripts } from './scripts.js'

/** What commands are run with. */
export interface Runner {
  /** One command. What Redis refuses is a 400. */
  one(command: Command, format: Format): Promise<Answer>
  /** Many, in their order, with those of others in between. Each has its own result or error. */
  many(commands: readonly Command[], format: Format): Promise<Answer>
  /**
   * Many at once, on a connection of their own: no command of anybody else runs in between. One that fails does not undo the
   * others, as ever with Redis; one that cannot be queued discards all of them, which is a 400.
   */
  transaction(commands: readonly Command[], format: Format): Promise<Answer>
}

export function createRunner(pool: Pool, scripts: Scripts): Runner {
  async function many(commands: readonly Command[]): Promise<Reply[]> {
    const refusals = commands.map(refusalOf)
    const sent = commands.filter((_, i) => refusals[i] === undefined)
    const replies = sent.length ? await (await pool.shared()).send(sent.map(scripts.translate)) : []
    const translated = replies.map((reply, i) => scripts.translateReply(sent[i] as Command, reply))
    let next = 0
    return refusals.map((refusal) => (refusal === undefined ? (translated[next++] as Reply) : new ReplyFault(refusal)))
  }

  return {
    async one(command, format) {
      const [reply] = await many([command])
      return answerOne(reply as Reply, format)
    },

    many: async (commands, format) => answerMany(await many(commands), format),

    async transaction(commands, { base64 }) {
      const refusal = commands.map(refusalOf).find((reason) => reason !== undefined)
      if (refusal !== undefined) return discarded(refusal)
      const block: Command[] = [['MULTI'], ...commands.map(scripts.translate), ['EXEC']]
      const replies = await pool.lease((connection) => connection.send(block))
      const results = replies.at(-1)
      if (!Array.isArray(results)) {
        const fault = replies.find((reply) => reply instanceof ReplyFault)
        return discarded(fault instanceof ReplyFault ? fault.message : 'ERR Redis gave no results')
      }
      const translated = results.map((reply, i) => scripts.translateReply(commands[i] as Command, reply))
      return answerMany(translated, { base64, resp2: false })
    },
  }
}

function discarded(reason: string): Answer {
  return answerFault(400, `EXECABORT Transaction discarded because of: ${reason}`)
}
