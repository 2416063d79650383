// Finds a Chromium for the tests of pages, and installs one where that needs no question: `node scripts/find-chromium.mjs`
// prints its path. Chrome will do.
import { fileURLToPath } from 'node:url'
import { findProgram } from './programs.mjs'

/**
 * The path of a Chromium.
 * @returns {string}
 * @throws an Error whose one line says what to install.
 */
export function findChromium() {
  return findProgram({
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    variable: 'CHROMIUM',
    apt: 'chromium',
    brew: ['--cask', 'chromium'],
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(findChromium())
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
