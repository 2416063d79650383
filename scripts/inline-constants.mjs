// A Rollup plugin: writes numbers and texts where the constants that stand for them are used. esbuild does so only for
// constants of modules that import nothing, and a consumer's bundler for few: in one file this is 300 bytes of core.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseAst } from 'rollup/parseAst'

/** How constants are named here, and nothing else is: no function can have a variable of that name. */
const CONSTANT = /^[A-Z][A-Z0-9_]+$/

export const inlineConstants = {
  name: 'inline-constants',
  transform: (code, id) => ({ code: inlined(code, dirname(id)), map: null }),
}

function inlined(code, folder) {
  const { body } = parseAst(code)
  const texts = new Map([...declared(body), ...imported(body, folder)])
  let end = 0
  const parts = uses(body, texts).map((use) => {
    const before = code.slice(end, use.start)
    end = use.end
    return before + texts.get(use.name)
  })
  return parts.join('') + code.slice(end)
}

/** The constants of a module, each with its value as it is written. */
function declared(body) {
  return body
    .flatMap((statement) => statement.declarations ?? [])
    .filter(({ id, init }) => CONSTANT.test(id.name) && init?.type === 'Literal' && !init.regex)
    .map(({ id, init }) => [id.name, init.raw])
}

/** Those that it has from the modules beside it, by the names that they go by in it. */
function imported(body, folder) {
  return body
    .filter(({ type, source }) => type === 'ImportDeclaration' && source.value.startsWith('.'))
    .flatMap(({ source, specifiers }) => {
      const { body } = parseAst(readFileSync(resolve(folder, source.value), 'utf8'))
      const texts = new Map(declared(body))
      const exported = new Map(
        body
          .flatMap((statement) => (statement.type === 'ExportNamedDeclaration' ? statement.specifiers : []))
          .map((specifier) => [specifier.exported.name, texts.get(specifier.local.name)]),
      )
      return specifiers.map((specifier) => [specifier.local.name, exported.get(specifier.imported?.name)])
    })
    .filter(([, text]) => text !== undefined)
}

/** Where one of the constants is read, in the order of the text. */
function uses(node, constants) {
  switch (node?.type) {
    case 'Identifier':
      return constants.has(node.name) ? [node] : []
    case 'VariableDeclarator':
      // An object pattern may have defaults in it.
      return [...(node.id.type === 'Identifier' ? [] : uses(node.id, constants)), ...uses(node.init, constants)]
    case 'MemberExpression':
      return [...uses(node.object, constants), ...(node.computed ? uses(node.property, constants) : [])]
    case 'Property':
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return [...(node.computed ? uses(node.key, constants) : []), ...uses(node.value, constants)]
    case 'ExportNamedDeclaration':
    case 'ImportDeclaration':
      return []
    default:
      return typeof node === 'object' && node ? Object.values(node).flatMap((child) => uses(child, constants)) : []
  }
}
