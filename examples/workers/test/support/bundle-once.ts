import type { TestProject } from 'vitest/node'
import { bundle } from '../../local/bundle.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the Worker's bundle is. */
    folder: string
  }
}

/** All tests run what would be deployed, bundled once. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const { folder, remove } = await bundle()
  project.provide('folder', folder)
  return remove
}
