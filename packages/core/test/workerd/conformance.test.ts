import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { byEsbuild, byOneArgumentForm, byTsc, type Compile, inFolder } from '../runtime/compilers.js'
import { checkNames } from '../runtime/conformance.js'
import { bundleWorker, runtimes, startWorker } from './worker.js'

const compilers: [name: string, compile: Compile, minify?: boolean][] = [
  ['esbuild, standard', byEsbuild('standard')],
  ['esbuild, standard, minified', byEsbuild('standard'), true],
  ['esbuild, experimentalDecorators', byEsbuild('legacy')],
  ['esbuild, experimentalDecorators, minified', byEsbuild('legacy'), true],
  ['tsc, standard', byTsc('standard')],
  ['the one-argument form of Turbopack', byOneArgumentForm],
]

const worker = (mangled: boolean) => `
import { conformance } from './conformance.mjs'
export default {
  async fetch() {
    try {
      return Response.json(await conformance({ mangled: ${mangled} }))
    } catch (error) {
      return new Response(error.stack, { status: 500 })
    }
  },
}`

test.for(compilers)(
  'decorators behave in workerd as they do in Node when compiled by %s',
  { timeout: 60_000 },
  async ([, compile, minify = false]) => {
    const script = await inFolder(async (folder) => {
      await compile(folder)
      writeFileSync(join(folder, 'worker.mjs'), worker(minify))
      // As wrangler does: without it, esbuild numbers the classes of one name.
      return bundleWorker(join(folder, 'worker.mjs'), { minify, keepNames: !minify })
    })
    // The oldest date and the newest, without what the newest allows by default.
    for (const runtime of [runtimes[0], runtimes[3]]) {
      const { ask, dispose } = await startWorker(script, runtime as (typeof runtimes)[number])
      try {
        const { status, text } = await ask('/')
        expect(status, text).toBe(200)
        expect(JSON.parse(text)).toEqual(checkNames)
      } finally {
        await dispose()
      }
    }
  },
)
