import { fileURLToPath } from 'node:url'
import type { NextConfig } from 'next'

// The same classes in both dialects: `DECORATORS=standard next build` compiles them without experimentalDecorators.
const standard = process.env.DECORATORS === 'standard'

const config: NextConfig = {
  distDir: standard ? '.next-standard' : '.next',
  typescript: { tsconfigPath: standard ? 'tsconfig.standard.json' : 'tsconfig.json' },
  turbopack: { root: fileURLToPath(new URL('../..', import.meta.url)) },
  // Loaded by Node as it is: it opens sockets, and belongs in no bundle.
  serverExternalPackages: ['ioredis'],
  devIndicators: false,
}

export default config
