// Bundles each style as it is deployed: one file without dependencies, in CommonJS, since Lambda turns require(esm) off.
import { rmSync } from 'node:fs'
import { build } from 'esbuild'

rmSync('dist', { recursive: true, force: true })
const { metafile } = await build({
  entryPoints: ['src/decorators.ts', 'src/functions.ts', 'src/middleware.ts'],
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  minify: true,
  // Names of classes and functions show in traces.
  keepNames: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  metafile: true,
  logLevel: 'warning',
})
if (process.argv.includes('--sizes')) {
  for (const [path, { bytes }] of Object.entries(metafile.outputs))
    console.log(`${path} ${Math.round(bytes / 1000)} kB`)
}
