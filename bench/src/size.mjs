// How much code an application ships, and how long the import of core takes.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { quantile } from './harness.mjs'
import { report, verdict } from './report.mjs'

const quick = process.argv.includes('--quick')
const processes = quick ? 1 : 15

const uses = [
  { name: 'Cached, memory, configure', code: "export { Cached, memory, configure } from '@larder/core'", target: 9 },
  {
    name: 'Cached, RateLimited, withLock, memory, configure',
    code: "export { Cached, RateLimited, withLock, memory, configure } from '@larder/core'",
    target: 15,
  },
  { name: 'everything', code: "export * from '@larder/core'" },
  {
    name: 'Cached, configure, http, for Workers',
    code: "export { Cached, configure } from '@larder/core'; export { http } from '@larder/adapters/http'",
    conditions: ['workerd', 'worker', 'browser'],
    target: 28,
  },
]

report({
  suite: 'size',
  title: 'Bundle size and import time',
  load: `bundles: one build each; import: ${processes} fresh processes for each row, interleaved`,
  tables: [await bundles(), imports()],
  quick,
})

async function bundles() {
  const data = []
  for (const { name, code, target, conditions = [] } of uses) {
    const whole = await bundle(code, conditions)
    data.push({ name, targetKb: target, whole, atOnce: await bundleAtOnce(code, conditions) })
  }
  return {
    title: 'Bundle',
    note: 'By esbuild, minified; kB of 1,000 bytes after gzip -9. What a value or a call first needs is imported then: superjson, and over HTTP whatever a hit does without. Bundlers that split leave that in files of their own, and `at once` is the rest, which the target is for. Without splitting it is all one file.',
    rows: data.map(({ name, targetKb, whole, atOnce }) => ({
      use: name,
      'kB gzip at once': kb(atOnce.gzipBytes),
      'kB minified at once': kb(atOnce.bytes),
      target: verdict(atOnce.gzipBytes / 1000, targetKb, ' kB'),
      'kB gzip in one file': kb(whole.gzipBytes),
      'kB minified in one file': kb(whole.bytes),
    })),
    data,
  }
}

function buildOptions(code, conditions) {
  return {
    stdin: { contents: code, resolveDir: fileURLToPath(new URL('..', import.meta.url)), sourcefile: 'entry.js' },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    logLevel: 'error',
    mainFields: ['module', 'main'],
    target: 'es2022',
    conditions,
  }
}

async function bundle(code, conditions) {
  const { outputFiles } = await build(buildOptions(code, conditions))
  return sizeOf([outputFiles[0].contents])
}

/** The entry and what it imports, directly or not, by an import statement. */
async function bundleAtOnce(code, conditions) {
  const options = { ...buildOptions(code, conditions), splitting: true, metafile: true, outdir: 'bundle' }
  const { outputFiles, metafile } = await build(options)
  const paths = new Set(Object.keys(metafile.outputs).filter((path) => /stdin\.js$/.test(path)))
  for (const path of paths) {
    for (const { path: next, kind } of metafile.outputs[path].imports) if (kind === 'import-statement') paths.add(next)
  }
  const contentsOf = (path) => outputFiles.find((file) => file.path === resolve(path)).contents
  return sizeOf([...paths].map(contentsOf))
}

function sizeOf(files) {
  const contents = Buffer.concat(files)
  return { bytes: contents.length, gzipBytes: gzipSync(contents, { level: 9 }).length }
}

function imports() {
  const folder = mkdtempSync(join(tmpdir(), 'larder-bench-'))
  try {
    const empty = join(folder, 'empty')
    writeFileSync(`${empty}.mjs`, '')
    writeFileSync(`${empty}.cjs`, '')
    const require = createRequire(import.meta.url)
    const rows = [
      { name: 'FLOOR an empty module', load: importing(pathToFileURL(`${empty}.mjs`).href), samples: [] },
      { name: '@larder/core, import', load: importing(import.meta.resolve('@larder/core')), target: 5, samples: [] },
      { name: 'FLOOR an empty module, require', load: requiring(`${empty}.cjs`), samples: [] },
      { name: '@larder/core, require', load: requiring(require.resolve('@larder/core')), target: 5, samples: [] },
    ]
    // Once before it counts: the files are then in the system's cache, as for a warm disk.
    for (let round = -1; round < processes; round++) {
      for (let i = 0; i < rows.length; i++) {
        const { load, samples } = rows[(round + 1 + i) % rows.length]
        const ms = Number(execFileSync(process.execPath, ['--input-type=commonjs', '-e', load], { encoding: 'utf8' }))
        if (round >= 0) samples.push(ms)
      }
    }
    const data = rows.map(({ name, target, samples }, i) => {
      const floor = rows[i < 2 ? 0 : 2].samples
      const over = samples.map((ms, round) => ms - floor[round])
      const of = (q) => quantile(over, q)
      return { name, target, ms: quantile(samples, 0.5), overFloorMs: of(0.5), p10: of(0.1), p90: of(0.9) }
    })
    return {
      title: 'Import',
      note: 'Milliseconds within a fresh process; `over` is what is left after taking off the floor of the same round.',
      rows: data.map(({ name, target, ms, overFloorMs, p10, p90 }) => ({
        row: name,
        ms: ms.toFixed(1),
        'over ms': overFloorMs.toFixed(1),
        'p10–p90': `${p10.toFixed(1)}–${p90.toFixed(1)}`,
        target: verdict(overFloorMs, target, ' ms'),
      })),
      data,
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function importing(url) {
  return `const from = performance.now(); import(${JSON.stringify(url)}).then(() => console.log(performance.now() - from))`
}

function requiring(path) {
  return `const from = performance.now(); require(${JSON.stringify(path)}); console.log(performance.now() - from)`
}

function kb(bytes) {
  return (bytes / 1000).toFixed(1)
}
