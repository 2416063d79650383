// `npm run check`: everything that CI asks beside the tests. All of it runs, and all that fails is named at the end.
import { build, install, root, run } from './set-up.mjs'

install()
build()

const packages = ['packages/core', 'packages/adapters', 'packages/gateway']
const steps = [
  ['format and lint', 'npx', ['biome', 'ci', '.']],
  ['types', 'npx', ['turbo', 'run', 'types', '--output-logs=errors-only']],
  ['docs', 'node', ['scripts/check-docs.mjs']],
  ...packages.map((folder) => [
    `package ${folder}`,
    'node',
    [`${root}scripts/check-package.mjs`],
    { cwd: `${root}${folder}` },
  ]),
]
const failures = steps
  .filter(([name, command, args, options]) => {
    console.log(`\n▸ ${name}`)
    return run(command, args, options) !== 0
  })
  .map(([name]) => name)

console.log(failures.length ? `\ncheck failed: ${failures.join(', ')}` : '\ncheck passed')
process.exitCode = failures.length ? 1 : 0
