import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const core = (file: string) => fileURLToPath(new URL(`../core/src/${file}`, import.meta.url))

export default defineConfig({
  // The core is tested from its source: no build in between, and stack traces that point at it.
  resolve: {
    alias: [
      { find: /^@larder\/core$/, replacement: core('index.ts') },
      { find: /^#platform$/, replacement: core('platform/node.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // Real servers and real time: two files at once would only take each other's processor time.
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
