// Checks the package in the current folder as its users will get it: one line per check, and not a zero at the end when
// one fails. Run after `build`. For `@larder/core` it also tells what the package costs: bytes in a bundle, time of an
// import. Bytes are a matter of the code and have limits; times are a matter of the machine and have none.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const report = (good, what, details = '') => {
  console.log(`${good ? 'ok  ' : 'FAIL'} ${manifest.name} ${what}${details && `: ${details}`}`)
  if (!good) process.exitCode = 1
}

const bundleOptions = {
  bundle: true,
  minify: true,
  write: false,
  format: 'esm',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  target: 'es2022',
  logLevel: 'error',
}

await lint()
checkTypes()
if (manifest.name === '@larder/core') {
  await checkBundles()
  printImportTime()
}
if (manifest.name === '@larder/adapters') await checkWorkersBundle()

async function lint() {
  const { messages } = await publint({ pkgDir: '.', strict: true })
  // It says that Node ignores `imports` in a nested manifest. Node does not: it looks in the nearest one
  // (https://nodejs.org/api/esm.html#resolution-algorithm-specification, LOOKUP_PACKAGE_SCOPE), and so do bundlers.
  // That CommonJS consumers get the platform by it is proved in packages/core/test/package.
  const isKnown = ({ code, args }) =>
    code === 'NESTED_PACKAGE_JSON_FIELD_IGNORED' &&
    args.field === 'imports' &&
    args.filePath === './dist/cjs/package.json'
  const faults = messages.filter((message) => !isKnown(message))
  report(faults.length === 0, 'publint', faults.map((fault) => formatMessage(fault, manifest)).join('; '))
}

/** Whether the declarations say what the code exports, for each kind of consumer. `node10` knows no subpath exports. */
function checkTypes() {
  try {
    execFileSync('attw', ['--pack', '.', '--profile', 'node16', '--no-color', '--no-emoji'], { encoding: 'utf8' })
    report(true, 'are the types wrong')
  } catch (error) {
    report(false, 'are the types wrong', `\n${error.stdout || error.message}`)
  }
}

function gzipped(text) {
  return gzipSync(text, { level: 9 }).length
}

/** All of it in one file, as bundlers without code splitting write it. */
async function bundleWhole(source, options) {
  const { outputFiles } = await build({
    ...bundleOptions,
    ...options,
    stdin: { contents: source, resolveDir: resolve('.') },
  })
  return outputFiles[0].text
}

/** What is loaded at once where the bundler splits: superjson and what belongs to it wait for a value that needs them. */
async function bundleInitial(source, options) {
  const { outputFiles, metafile } = await build({
    ...bundleOptions,
    ...options,
    stdin: { contents: source, resolveDir: resolve('.'), sourcefile: 'entry.js' },
    splitting: true,
    metafile: true,
    outdir: 'bundle',
  })
  const textOf = (path) => outputFiles.find((file) => file.path === resolve(path)).text
  const isEntry = (path) => metafile.outputs[path].entryPoint === 'entry.js'
  const initial = new Set(Object.keys(metafile.outputs).filter(isEntry))
  for (const path of initial) {
    for (const { path: next, kind } of metafile.outputs[path].imports)
      if (kind === 'import-statement') initial.add(next)
  }
  return [...initial].map(textOf).join('')
}

async function checkBundles() {
  const imported = (names) => `export { ${names} } from '${manifest.name}'`
  const entries = [
    { title: 'Cached', names: 'Cached', maxBytes: 9_000 },
    { title: 'Cached, memory, configure', names: 'Cached, memory, configure', maxBytes: 9_200 },
    { title: 'all three decorators', names: 'Cached, RateLimited, withLock, memory, configure', maxBytes: 15_000 },
  ]
  // What only the limiter and only the locks have in them: the names of their scripts and of their defaults.
  const foreign = ['sliding-window', 'gcra', 'lock-acquire', 'LockBusyError', 'RateLimitedError']
  // And what none of the three decorators may bring along: many ids, encryption, compression.
  const apart = ['ERR_MANY_RESULT', 'AES-GCM', 'deflate-raw']
  for (const { title, names, maxBytes } of entries) {
    const [initial, whole] = [await bundleInitial(imported(names)), await bundleWhole(imported(names))]
    const sizes = `${gzipped(initial)} B gzipped at once, ${gzipped(whole)} B with superjson in one file`
    report(gzipped(initial) <= maxBytes, `bundle of ${title}`, `${sizes}; limit ${maxBytes} B at once`)
    const found = foreign.filter((text) => initial.includes(text))
    const strays = apart.filter((text) => initial.includes(text))
    report(
      strays.length === 0,
      `bundle of ${title} has nothing of cachedMany, encrypted or compressed in it`,
      `${strays}`,
    )
    if (names.includes('withLock')) {
      // Or the check below would find nothing whatever there is.
      report(found.length === foreign.length, `bundle of ${title} has limiter and locks in it`, `found ${found.join()}`)
    } else {
      report(
        found.length === 0,
        `bundle of ${title} has no limiter or lock in it`,
        found.length ? `found ${found}` : '',
      )
    }
  }
}

/** Core and the HTTP adapter as a Worker gets them: the client is in it, and nothing of Node or of the other adapter. */
async function checkWorkersBundle() {
  const source = `export { Cached, configure } from '@larder/core'; export { http } from '${manifest.name}/http'`
  const maxBytes = 28_000
  const options = { conditions: ['workerd', 'worker', 'browser'] }
  const [initial, whole] = [await bundleInitial(source, options), await bundleWhole(source, options)]
  const sizes = `${gzipped(initial)} B gzipped at once, ${gzipped(whole)} B with superjson in one file`
  report(gzipped(initial) <= maxBytes, 'bundle of core and http for Workers', `${sizes}; limit ${maxBytes} B at once`)
  report(initial.includes('upstash-sync-token'), 'bundle of core and http for Workers has the client in it')
  const found = ['ioredis', '"node:', 'require(', 'process.nextTick'].filter((text) => whole.includes(text))
  const what = 'bundle of core and http for Workers has nothing of ioredis or Node in it'
  report(found.length === 0, what, found.length ? `found ${found}` : '')
}

/** How much longer a process takes to import the package than to import an empty module. */
function printImportTime() {
  const runs = 15
  const folder = mkdtempSync(join(tmpdir(), 'larder-import-'))
  try {
    const empty = join(folder, 'empty.mjs')
    writeFileSync(empty, 'export {}')
    const core = resolve(manifest.exports['.'].import.default)
    const time = (path) => {
      const script = `const start = performance.now(); await import(${JSON.stringify(path)}); console.log(performance.now() - start)`
      return Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }))
    }
    const times = { empty: [], core: [] }
    // In turns, so that a busy moment of the machine falls on both.
    for (let run = 0; run < runs; run++) {
      times.empty.push(time(empty))
      times.core.push(time(core))
    }
    const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)]
    const [emptyMs, coreMs] = [median(times.empty), median(times.core)]
    const details = `${coreMs.toFixed(1)} ms, an empty module ${emptyMs.toFixed(1)} ms; medians of ${runs} processes`
    report(true, `import takes ${(coreMs - emptyMs).toFixed(1)} ms`, details)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
