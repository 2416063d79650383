/** What the account is written with. */
export interface Printer {
  title(text: string): void
  /** Opens the next numbered step. */
  step(text: string): void
  note(text: string): void
  /** Writes a claim, ticked if it `holds` and crossed if not. A crossed claim makes the process exit with 1. */
  claim(holds: boolean, text: string): void
}

export function createPrinter(colour = wantsColour(process.env, process.stdout.isTTY)): Printer {
  const paint = (code: number) => (text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text)
  const bold = paint(1)
  const dim = paint(2)
  const red = paint(31)
  const green = paint(32)
  const cyan = paint(36)
  let steps = 0

  return {
    title: (text) => console.log(bold(text)),
    step: (text) => console.log(`\n${cyan(`${++steps}.`)} ${bold(text)}`),
    note: (text) => console.log(`   ${dim(text)}`),
    claim(holds, text) {
      console.log(`   ${holds ? green('✓') : red('✗')} ${holds ? text : red(text)}`)
      if (!holds) process.exitCode = 1
    },
  }
}

/** Colour goes to a terminal only. FORCE_COLOR asks for it anywhere, and wins over NO_COLOR, as in Node. */
export function wantsColour({ FORCE_COLOR, NO_COLOR, TERM }: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  if (FORCE_COLOR) return FORCE_COLOR !== '0'
  return isTerminal && !NO_COLOR && TERM !== 'dumb'
}

/** Runs `body` and tells how long it took. */
export async function timed<Result>(body: () => Promise<Result>): Promise<{ result: Result; ms: number }> {
  const startedMs = performance.now()
  const result = await body()
  return { result, ms: performance.now() - startedMs }
}

export const inMs = (ms: number) => `${ms.toFixed(ms < 1 ? 3 : 1)} ms`
export const inPounds = (cents: number) => `£${(cents / 100).toFixed(2)}`
