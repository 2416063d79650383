import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Consumer, createConsumer } from './consumer.js'

let consumer: Consumer
beforeAll(async () => {
  consumer = await createConsumer()
}, 60_000)
afterAll(() => consumer?.dispose())

test('the tarball holds what was built, the manifest, the readme and the licence', () => {
  const others = consumer.packed.filter((path) => !path.startsWith('dist/'))
  expect(others).toContain('package.json')
  expect(others.filter((path) => !/^(package\.json|README\.md|LICENSE)$/.test(path))).toEqual([])
  expect(consumer.packed).toContain('dist/esm/index.js')
  expect(consumer.packed).toContain('dist/esm/index.d.ts')
})

test('the tarball holds no sources, tests or configuration', () => {
  const foreign = consumer.packed.filter((path) => !/\.(d\.[cm]?ts|[cm]?js|[cm]?js\.map)$|package\.json$/.test(path))
  expect(foreign.filter((path) => !/^(README\.md|LICENSE)$/.test(path))).toEqual([])
})
