import { expect, test } from 'vitest'
import { checkNames, conformance } from './conformance.js'

test('decorators behave alike when Vite and vitest compile them', async () => {
  expect(await conformance()).toEqual(checkNames)
})
