/** How often each command ran, by its name in INFO: `get`, `evalsha`, `config|get`. */
export type CommandStats = Record<string, number>

/** Reads the answer to `INFO commandstats`. */
export function parseCommandStats(info: string): CommandStats {
  const rows = [...info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)]
  return Object.fromEntries(rows.map(([, name, calls]) => [name, Number(calls)]))
}

/**
 * What is left without the harness's own commands, each given as its first two words, `config|resetstat`. Which commands
 * are counted by subcommand is the server's affair: it depends on its version.
 */
export function withoutOwn(stats: CommandStats, own: readonly string[]): CommandStats {
  const ownCalls = (name: string) => own.filter((sent) => sent === name || sent.startsWith(`${name}|`)).length
  const rest = Object.entries(stats).map(([name, calls]) => [name, calls - ownCalls(name)] as const)
  return Object.fromEntries(rest.filter(([, calls]) => calls > 0))
}
