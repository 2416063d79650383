import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Several workerds at once would tell more about the machine than about the Worker.
    fileParallelism: false,
    // One process for all files: Miniflare takes a second to load.
    isolate: false,
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
})
