import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { escapeGlob } from '../../src/index.js'
import { globToRegExp } from '../../src/keys/glob.js'

const fits = (glob: string, text: string) => globToRegExp(glob).test(text)

/** Text dense in what means something to globs and to regular expressions. */
const pattern = fc.string({ unit: fc.constantFrom(...'ab*?[]^-\\.+(){}|$/1 \n') })
const anyText = fc.oneof(pattern, fc.string({ unit: 'binary' }))

describe('escapeGlob', () => {
  test.each([
    ['user:1', 'user:1'],
    ['', ''],
    ['*', '\\*'],
    ['a?b', 'a\\?b'],
    ['[a-z]', '\\[a-z\\]'],
    ['back\\slash', 'back\\\\slash'],
    ['^.+$(){}|/-', '^.+$(){}|/-'],
    ['😀*', '😀\\*'],
  ])('writes %j as %j', (text, glob) => {
    expect(escapeGlob(text)).toBe(glob)
  })

  test('makes any text fit itself', () => {
    fc.assert(fc.property(anyText, (text) => fits(escapeGlob(text), text)))
  })

  test('makes any text fit nothing but itself', () => {
    fc.assert(fc.property(anyText, anyText, (text, other) => fits(escapeGlob(text), other) === (text === other)))
  })

  test('makes any text fit nothing that differs from it in one place', () => {
    fc.assert(
      fc.property(pattern, fc.nat(), fc.constantFrom('', 'a', '*', '\\', '\n'), (text, place, put) => {
        const at = place % (text.length + 1)
        const other = text.slice(0, at) + put + text.slice(at + 1)
        return fits(escapeGlob(text), other) === (text === other)
      }),
    )
  })

  test('leaves a star that is put behind it a star', () => {
    fc.assert(
      fc.property(anyText, anyText, (text, rest) => {
        expect(fits(`${escapeGlob(text)}*`, text + rest)).toBe(true)
        expect(fits(`${escapeGlob(text)}*`, `${rest}${text}`)).toBe(`${rest}${text}`.startsWith(text))
      }),
    )
  })
})

describe('globToRegExp', () => {
  test.each<[glob: string, fitting: string[], other: string[]]>([
    ['', [''], ['a']],
    ['abc', ['abc'], ['', 'ab', 'abcd', 'xabc', 'ABC']],
    ['*', ['', 'a', 'a:b', 'line\nbreak', '😀'], []],
    ['a*', ['a', 'ab', 'a*', 'a\n'], ['', 'ba']],
    ['*a*', ['a', 'bab', 'aa'], ['', 'b']],
    ['a**b', ['ab', 'axb'], ['a', 'b']],
    ['?', ['a', '?', '\n'], ['', 'ab']],
    ['a?c', ['abc', 'a?c'], ['ac', 'abbc']],
    ['[abc]', ['a', 'b', 'c'], ['', 'd', 'ab', '[abc]']],
    ['[a-c]x', ['ax', 'cx'], ['dx', '-x', 'x']],
    ['[a-c0-9]', ['b', '5'], ['d', '-']],
    ['[^a]', ['b', '^', '\n'], ['a', '', 'bb']],
    ['[c-a]', ['a', 'b', 'c'], ['-', 'd']],
    ['[\\d]', ['d'], ['1', '\\']],
    ['[abc', ['a', 'c'], ['[abc', 'd']],
    ['[^a-c]', ['d', '-'], ['a', 'b', 'c']],
    ['[a^]', ['a', '^'], ['b']],
    ['[]', [], ['', '[', ']', '[]']],
    ['[*?]', ['*', '?'], ['a', '']],
    ['[[]', ['['], [']', '[[]']],
    ['[\\]]', [']'], ['\\', ']]']],
    ['[a\\-c]', ['a', '-', 'c'], ['b', '\\']],
    ['\\*', ['*'], ['', 'a', '\\*']],
    ['\\a', ['a'], ['\\a']],
    ['\\\\', ['\\'], ['\\\\', '']],
    ['a]', ['a]'], ['a']],
    ['a.c', ['a.c'], ['abc']],
    ['(a|b)+$', ['(a|b)+$'], ['a', 'b', 'aa']],
    ['{1,2}', ['{1,2}'], ['1', '2']],
    ['/x/', ['/x/'], ['x']],
  ])('%j', (glob, fitting, other) => {
    for (const text of fitting) expect([text, fits(glob, text)]).toEqual([text, true])
    for (const text of other) expect([text, fits(glob, text)]).toEqual([text, false])
  })

  test('keeps no state from one test to the next', () => {
    const expression = globToRegExp('a*')
    expect([1, 2, 3].map(() => expression.test('abc'))).toEqual([true, true, true])
  })
})
