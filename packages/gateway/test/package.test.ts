import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const cwd = fileURLToPath(new URL('..', import.meta.url))
const run = async (command: string, ...args: string[]) => (await promisify(execFile)(command, args, { cwd })).stdout

test('it is there for ESM and for CommonJS, and listens in both', async () => {
  const listen =
    "createGateway({ redis: 'redis://127.0.0.1:1', port: 0 }).then((g) => { console.log(g.url); return g.close() })"
  const esm = await run(
    'node',
    '--input-type=module',
    '-e',
    `import { createGateway } from '@larder/gateway'; ${listen}`,
  )
  const cjs = await run('node', '-e', `const { createGateway } = require('@larder/gateway'); ${listen}`)
  for (const url of [esm, cjs]) expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\n$/)
})

test('what is published is what is built, with the program ready to run', async () => {
  const [{ files }] = JSON.parse(await run('npm', 'pack', '--dry-run', '--json')) as [
    { files: { path: string; mode: number }[] },
  ]
  const paths = files.map(({ path }) => path)
  for (const path of ['README.md', 'LICENSE', 'dist/esm/index.js', 'dist/cjs/index.js', 'dist/esm/index.d.ts']) {
    expect(paths).toContain(path)
  }
  expect(paths.filter((path) => /^(src|test)\//.test(path))).toEqual([])
  const program = files.find(({ path }) => path === 'dist/esm/larder-gateway.js')
  expect((program?.mode ?? 0) & 0o111).toBe(0o111)
})
