import { expect, it } from 'vitest'
import { wantsColour } from '../src/print.js'
import { runTsx } from './run.js'

it.each([
  ['a terminal', {}, true, true],
  ['a pipe', {}, false, false],
  ['a terminal with NO_COLOR', { NO_COLOR: '1' }, true, false],
  ['a terminal with NO_COLOR set to nothing', { NO_COLOR: '' }, true, true],
  ['a dumb terminal', { TERM: 'dumb' }, true, false],
  ['a pipe with FORCE_COLOR', { FORCE_COLOR: '1' }, false, true],
  ['a terminal with FORCE_COLOR=0', { FORCE_COLOR: '0' }, true, false],
])('on %s: colour as the reader wants it', (_, env, isTerminal, colour) => {
  expect(wantsColour(env, isTerminal)).toBe(colour)
})

it('crosses a claim that does not hold, and makes the process exit with 1', { timeout: 30_000 }, async () => {
  const script = `import { createPrinter } from './src/print.ts'
    createPrinter().claim(true, 'two is two')
    createPrinter().claim(false, 'two is three')`
  const { exitCode, output } = await runTsx(['--input-type=module', '--eval', script])
  expect(output).toBe('   ✓ two is two\n   ✗ two is three\n')
  expect(exitCode).toBe(1)
})
