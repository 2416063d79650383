import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const folder = fileURLToPath(new URL('.', import.meta.url))
const tsc = fileURLToPath(new URL('../../../../node_modules/.bin/tsc', import.meta.url))

/** What the compiler has to say: nothing, if all is well. Lines marked `@ts-expect-error` must be errors. */
async function complaints(config: string): Promise<string> {
  const { stdout } = await promisify(execFile)(tsc, ['-p', `${folder}${config}`], { encoding: 'utf8' }).catch(
    (error: { stdout: string }) => error,
  )
  return stdout
}

test.for([
  ['standard decorators', 'standard.tsconfig.json'],
  ['experimentalDecorators', 'legacy.tsconfig.json'],
] as const)('the types fit and refuse as they should with %s', { timeout: 30_000 }, async ([, config]) => {
  expect(await complaints(config)).toBe('')
})
