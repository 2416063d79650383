import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Options, transform as transformBySwc } from '@swc/core'
import { type BuildOptions, build, transform } from 'esbuild'

const SOURCE = fileURLToPath(new URL('conformance.ts', import.meta.url))
const HELPERS = fileURLToPath(new URL('one-argument-form.ts', import.meta.url))
const NODE_MODULES = fileURLToPath(new URL('../../../../node_modules', import.meta.url))
const execute = promisify(execFile)

export type Dialect = 'standard' | 'legacy'

/** Compiles `conformance.ts` to `conformance.mjs` in `folder`. */
export type Compile = (folder: string) => Promise<void>

/** A folder of an application's own that has this workspace's packages installed, and lasts until `body` is through. */
export async function inFolder<Result>(body: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'larder-conformance-'))
  try {
    symlinkSync(NODE_MODULES, join(folder, 'node_modules'), 'junction')
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    return await body(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export interface Run {
  /** A module to load first. */
  readonly preload?: string
  readonly mangled?: boolean
  /** What is to be run under `loader`, a module for `node --import`. @default the compiled `conformance.mjs` */
  readonly source?: { readonly script: string; readonly loader: string }
}

/** Compiles `conformance.ts` and runs it in a process of its own. @returns the names of the checks that passed. */
export function runConformance(compile: Compile, { preload, mangled = false, source }: Run = {}): Promise<string[]> {
  return inFolder(async (folder) => {
    await compile(folder)
    const main = [
      ...(preload ? [`import '${preload}'`] : []),
      `import { conformance } from './${source?.script ?? 'conformance.mjs'}'`,
      `console.log(JSON.stringify(await conformance({ mangled: ${mangled} })))`,
    ]
    writeFileSync(join(folder, 'main.mjs'), main.join('\n'))
    const flags = source ? ['--import', source.loader] : []
    const { stdout } = await execute(process.execPath, [...flags, 'main.mjs'], { cwd: folder })
    return JSON.parse(stdout)
  })
}

const compilerOptions = (dialect: Dialect) => ({ experimentalDecorators: dialect === 'legacy' })

export function byTsc(dialect: Dialect, options: object = {}): Compile {
  return async (folder) => {
    copyFileSync(SOURCE, join(folder, 'conformance.ts'))
    const config = {
      compilerOptions: {
        ...compilerOptions(dialect),
        target: 'ES2022',
        module: 'NodeNext',
        strict: true,
        skipLibCheck: true,
        noEmitOnError: true,
        types: [],
        outDir: 'out',
        ...options,
      },
      files: ['conformance.ts'],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    await execute(join(NODE_MODULES, '.bin', 'tsc'), ['-p', folder])
    copyFileSync(join(folder, 'out', 'conformance.js'), join(folder, 'conformance.mjs'))
  }
}

export function byEsbuild(dialect: Dialect, options: BuildOptions = {}): Compile {
  return async (folder) => {
    await build({
      entryPoints: [SOURCE],
      outfile: join(folder, 'conformance.mjs'),
      bundle: true,
      packages: 'external',
      format: 'esm',
      platform: 'neutral',
      target: 'es2022',
      logLevel: 'silent',
      tsconfigRaw: { compilerOptions: compilerOptions(dialect) },
      ...options,
    })
  }
}

export function bySwc(transformOptions: NonNullable<NonNullable<Options['jsc']>['transform']>): Compile {
  return async (folder) => {
    const { code } = await transformBySwc(readFileSync(SOURCE, 'utf8'), {
      swcrc: false,
      configFile: false,
      filename: SOURCE,
      module: { type: 'es6' },
      jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: true }, transform: transformOptions },
    })
    writeFileSync(join(folder, 'conformance.mjs'), code)
  }
}

/**
 * The decorators of 2018, called with a single descriptor, which Turbopack emits where `experimentalDecorators` is off.
 * SWC does so for JavaScript without further options, so the types are taken out first.
 */
export const byOneArgumentForm: Compile = async (folder) => {
  const { code: javascript } = await transform(readFileSync(SOURCE, 'utf8'), { loader: 'ts', target: 'esnext' })
  const { code } = await transformBySwc(javascript, {
    swcrc: false,
    configFile: false,
    module: { type: 'es6' },
    jsc: { target: 'es2022', externalHelpers: true, parser: { syntax: 'ecmascript', decorators: true } },
  })
  if (!code.includes('_decorate(')) throw new Error('SWC no longer emits the one-argument form')
  const helpers = await transform(readFileSync(HELPERS, 'utf8'), { loader: 'ts' })
  writeFileSync(join(folder, 'helpers.mjs'), helpers.code)
  const imported = /import \{ _ as (\w+) \} from "@swc\/helpers\/.*";/g
  writeFileSync(join(folder, 'conformance.mjs'), code.replace(imported, "import { $1 } from './helpers.mjs'"))
}

/** Only puts the source there: tsx compiles while it loads, by the nearest `tsconfig.json`. */
export function byTsx(dialect: Dialect): Compile {
  return async (folder) => {
    copyFileSync(SOURCE, join(folder, 'conformance.ts'))
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: compilerOptions(dialect) }))
  }
}
