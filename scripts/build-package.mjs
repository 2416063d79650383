// Builds the package in the current folder: ESM and CommonJS by esbuild, declarations for both by tsc.
// What to build is read from the manifest, so that a file that is published is a file that is built: each
// `dist/esm/X.js` named in `exports` or `imports` comes from `src/X.ts`.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { build } from 'esbuild'
import { rollup } from 'rollup'
import { inlineConstants } from './inline-constants.mjs'

const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const leaves = (node) => (typeof node === 'string' ? [node] : Object.values(node ?? {}).flatMap(leaves))
const entries = (map) => [
  ...new Set(
    leaves(map)
      .filter((path) => /^\.\/dist\/esm\/.*\.js$/.test(path))
      .map((path) => path.replace('./dist/esm/', 'src/').replace(/\.js$/, '.ts')),
  ),
]
const bins = Object.values(manifest.bin ?? {}).map((path) =>
  path.replace('./dist/esm/', 'src/').replace(/\.js$/, '.ts'),
)

rmSync('dist', { recursive: true, force: true })
const modules = [...new Set([...entries(manifest.exports), ...entries(manifest.imports)])]
const options = {
  outbase: 'src',
  bundle: true,
  packages: 'external',
  // Chosen by the consumer's runtime or bundler, by the conditions in `imports`.
  external: ['#*'],
  platform: 'neutral',
  target: 'es2022',
  // Inlines constants, which a consumer's bundler cannot do any more: names and lines stay readable.
  minifySyntax: true,
  sourcemap: true,
  sourcesContent: false,
}
// Each entry by itself: what two of them share would be a file more for each to load.
for (const entry of [...modules, ...bins]) {
  await build({ ...options, entryPoints: [entry], format: 'esm', outdir: 'dist/parts', splitting: true })
  await join(entry.replace('src/', 'dist/parts/').replace(/\.ts$/, '.js'))
}
rmSync('dist/parts', { recursive: true, force: true })
// `import()` stays as it is: CommonJS can load an ESM-only dependency no other way where require(esm) is off.
await build({
  ...options,
  entryPoints: modules,
  format: 'cjs',
  outdir: 'dist/cjs',
  supported: { 'dynamic-import': true },
})
// In a workspace npm links them before they are there, and so cannot do it.
for (const path of Object.values(manifest.bin ?? {})) chmodSync(path, 0o755)

/**
 * esbuild makes a file of every set of modules that some `import()` shares with the entry, and the entry would load them
 * all. Rollup knows that what the entry needs is there already when it imports the rest, and puts it together.
 */
async function join(entry) {
  const name = relative('dist/parts', entry).replace(/\.js$/, '')
  const bundle = await rollup({
    input: { [name]: entry },
    external: (id) => !/^[./]/.test(id),
    treeshake: false,
    plugins: [
      inlineConstants,
      {
        name: 'pieces',
        load: (id) => ({ code: readFileSync(id, 'utf8'), map: readFileSync(`${id}.map`, 'utf8') }),
        // Imports for effects, of which there are none: bundlers would warn of each.
        renderChunk: (code) => ({ code: code.replace(/^import '[^']+';$/gm, ''), map: null }),
      },
    ],
  })
  await bundle.write({
    dir: 'dist/esm',
    // In a folder for each entry and without hashes: these names stand in every bundle that splits.
    chunkFileNames: (chunk) => `chunks/${name}/${chunk.name.replace(/-[A-Z0-9]{8}$/, '')}.js`,
    hoistTransitiveImports: false,
    minifyInternalExports: false,
    sourcemap: true,
    sourcemapExcludeSources: true,
  })
}

execFileSync('tsc', ['-p', 'tsconfig.json', '--emitDeclarationOnly', '--declaration', '--outDir', 'dist/esm'], {
  stdio: 'inherit',
})
cpSync('dist/esm', 'dist/cjs', { recursive: true, filter: (path) => !/\.js(\.map)?$|chunks/.test(path) })
// The nearest manifest is the one that `#…` imports are looked up in.
const imports = JSON.parse(JSON.stringify(manifest.imports ?? {}).replaceAll('./dist/esm/', './'))
writeFileSync('dist/cjs/package.json', `${JSON.stringify({ type: 'commonjs', imports })}\n`)
