import keyvTestSuite from '@keyv/test-suite'
import type { Adapter } from '@larder/core'
import Keyv from 'keyv'
import * as vitest from 'vitest'
import { toKeyv } from '../../src/keyv/index.js'

/** What Keyv publishes for its stores: its methods, values and namespaces. Iteration is a suite apart. */
export function passesTheSuiteOfKeyv(adapter: () => Adapter): void {
  vitest.describe("Keyv's own suite", () => keyvTestSuite(vitest, Keyv, () => toKeyv(adapter())))
}

/** Text that has come back changed, or not at all, from one store or another. */
export const awkward = [
  '',
  ' ',
  '8',
  'null',
  'undefined',
  '{"value":1}',
  "'",
  '"',
  '\\',
  '\0',
  'a\r\nb',
  'é\u0301',
  '🧊🥫',
  ':base64:Zm9v',
]
