import type { Redis } from 'ioredis'
import type { Connection } from './connection.js'

/** What passes through a client, of which only the name is looked at. */
interface Sender {
  sendCommand(command: { readonly name: string }, ...rest: unknown[]): unknown
}

/**
 * Sees whether MULTI or WATCH is left open on a connection. The client itself does not know: it would queue the next
 * caller's commands, or have its EXEC refused for what another has watched.
 *
 * @returns what ends the watch, and the transaction if one is open. Nobody waits for that: commands keep their order.
 */
export function followTransaction(connection: Connection): () => void {
  const client = connection.client as unknown as Sender
  const { sendCommand } = client
  let open: 'DISCARD' | 'UNWATCH' | undefined
  client.sendCommand = (command, ...rest) => {
    switch (command.name.toLowerCase()) {
      case 'multi':
        open = 'DISCARD'
        break
      case 'watch':
        open ??= 'UNWATCH'
        break
      case 'exec':
      case 'discard':
        open = undefined
        break
      case 'unwatch':
        if (open === 'UNWATCH') open = undefined
    }
    return sendCommand.call(client, command, ...rest)
  }
  return () => {
    // Its own again is that of its class.
    delete (client as Partial<Sender>).sendCommand
    if (!open || !connection.isUsable()) return
    const ending = open
    connection.send((to: Redis) => to.call(ending)).catch(() => {})
  }
}
