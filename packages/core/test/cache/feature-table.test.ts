import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const guide = fileURLToPath(new URL('../../../../docs/guides/cache.md', import.meta.url))
const [, table = ''] = readFileSync(guide, 'utf8').split('## Beside others')
const rows = [...table.matchAll(/^\| (?<what>[^|]+) \|.*\| \[(?<name>.+)\]\((?<path>[^)]+)\)\s*\|$/gm)].map(
  ({ groups }) => groups as { what: string; name: string; path: string },
)

test('every row of the table beside others names its test', () => {
  const lines = table.split('\n').filter((line) => line.startsWith('| ') && !/^\| (what|-)/.test(line))
  expect(rows).toHaveLength(lines.length)
  expect(rows.length).toBeGreaterThan(20)
})

test.each(rows)('$what', ({ name, path }) => {
  const file = fileURLToPath(new URL(path, `file://${guide}`))
  expect(existsSync(file), path).toBe(true)
  expect(readFileSync(file, 'utf8').replaceAll("\\'", "'")).toContain(name)
})
