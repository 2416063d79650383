// `npm test`: sets up what is missing, runs every workspace's tests one after another, and sums them up.
//
// The last line is `N passed, N failed` over all suites. Each suite writes its counts as JSON; one that ends without
// them (it crashed, or a workspace's test is a plain script) counts as one test, by its exit code.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, install, root, run } from './set-up.mjs'

install()
build()

const manifest = (folder) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
const workspaces = manifest('.').workspaces.flatMap((pattern) =>
  pattern.endsWith('/*')
    ? readdirSync(join(root, pattern.slice(0, -2))).map((name) => `${pattern.slice(0, -1)}${name}`)
    : [pattern],
)
const tested = workspaces.filter(
  (folder) => existsSync(join(root, folder, 'package.json')) && manifest(folder).scripts?.test,
)

const reports = mkdtempSync(join(tmpdir(), 'larder-test-'))
let passed = 0
let failed = 0
for (const [i, folder] of tested.entries()) {
  console.log(`\n▸ ${folder}`)
  const report = join(reports, `${i}.json`)
  const { test } = manifest(folder).scripts
  const extra = test.startsWith('vitest')
    ? ['--', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    : []
  const status = run('npm', ['run', '--silent', 'test', ...extra], { cwd: join(root, folder) })
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined
  passed += counts?.numPassedTests ?? (status === 0 ? 1 : 0)
  failed += counts?.numFailedTests ?? 0
  // A suite that fails outside of its tests still fails.
  if (status !== 0 && !counts?.numFailedTests) failed += 1
}
rmSync(reports, { recursive: true, force: true })

console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
