import type { BuildOptions } from 'esbuild'
import { expect, test } from 'vitest'
import {
  byEsbuild,
  byOneArgumentForm,
  bySwc,
  byTsc,
  byTsx,
  type Compile,
  type Run,
  runConformance,
} from './compilers.js'
import { checkNames } from './conformance.js'

/** Everything in one file, the package too, with the names of classes mangled. */
const minified: BuildOptions = { packages: 'bundle', conditions: ['node'], minify: true, keepNames: false }
const metadata = { emitDecoratorMetadata: true }
const tsx: Run = { source: { script: 'conformance.ts', loader: 'tsx' } }

const compilers: [name: string, compile: Compile, run?: Run][] = [
  ['tsc, standard', byTsc('standard')],
  ['tsc, standard, lowered to ES2017', byTsc('standard', { target: 'ES2017', lib: ['ES2022', 'DOM'] })],
  ['tsc, experimentalDecorators', byTsc('legacy')],
  ['tsc, emitDecoratorMetadata without reflect-metadata', byTsc('legacy', metadata)],
  ['tsc, emitDecoratorMetadata with reflect-metadata', byTsc('legacy', metadata), { preload: 'reflect-metadata' }],
  ['esbuild, standard', byEsbuild('standard')],
  ['esbuild, experimentalDecorators', byEsbuild('legacy')],
  ['esbuild, standard, minified', byEsbuild('standard', minified), { mangled: true }],
  ['esbuild, experimentalDecorators, minified', byEsbuild('legacy', minified), { mangled: true }],
  ['tsx, standard', byTsx('standard'), tsx],
  ['tsx, experimentalDecorators', byTsx('legacy'), tsx],
  ['SWC, standard 2022-03', bySwc({ legacyDecorator: false, decoratorVersion: '2022-03' })],
  ['SWC, experimentalDecorators', bySwc({ legacyDecorator: true })],
  [
    'SWC, decoratorMetadata with reflect-metadata',
    bySwc({ legacyDecorator: true, decoratorMetadata: true }),
    { preload: 'reflect-metadata' },
  ],
  ['the one-argument form of Turbopack', byOneArgumentForm],
]

test.for(compilers)('decorators behave alike when compiled by %s', { timeout: 30_000 }, async ([, compile, run]) => {
  expect(await runConformance(compile, run)).toEqual(checkNames)
})
