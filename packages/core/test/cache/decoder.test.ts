import { expect, test } from 'vitest'
import { createDecoder } from '../../src/cache/decoder.js'
import { defaultSerializer } from '../../src/serialize/serializer.js'

test('what one serializer has read is not given to who reads by another', () => {
  const decode = createDecoder()
  const strict = {
    ...defaultSerializer,
    deserialize() {
      throw new SyntaxError('no')
    },
  }
  expect(decode(defaultSerializer, 'j{"a":1}', 'entry', 'key')).toEqual({ a: 1 })
  expect(() => decode(strict, 'j{"a":1}', 'entry', 'key')).toThrow('no')
})
