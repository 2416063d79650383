import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const gateway = fileURLToPath(new URL('../gateway/src/index.ts', import.meta.url))
const core = (file: string) => fileURLToPath(new URL(`../core/src/${file}`, import.meta.url))

export default defineConfig({
  // The core is tested from its source: no build in between, and stack traces that point at it.
  resolve: {
    alias: [
      { find: /^@larder\/core$/, replacement: core('index.ts') },
      { find: /^@larder\/core\/testing$/, replacement: core('testing/index.ts') },
      { find: /^#platform$/, replacement: core('platform/node.ts') },
      { find: /^@larder\/gateway$/, replacement: gateway },
    ],
  },
  test: {
    projects: [
      { extends: true, test: { name: 'harness', include: ['test/harness/**/*.test.ts'] } },
      { extends: true, test: { name: 'ioredis 6', include: ['test/tcp/**/*.test.ts'] } },
      {
        extends: true,
        // What touches the client: the same tests on the older one that the peer range allows.
        resolve: { alias: [{ find: /^ioredis$/, replacement: 'ioredis-5' }] },
        test: { name: 'ioredis 5', include: ['test/tcp/{contract,faults,pool}.test.ts', 'test/keyv/tcp.test.ts'] },
      },
      { extends: true, test: { name: 'keyv', include: ['test/keyv/**/*.test.ts'] } },
      // Processes start and messages travel while a test looks on.
      {
        extends: true,
        test: { name: 'http', include: ['test/http/**/*.test.ts'], expect: { poll: { timeout: 10_000 } } },
      },
    ],
    // Real servers and real time: two files at once would only take each other's processor time.
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
