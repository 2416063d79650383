// A Rollup plugin: writes numbers and texts where the constants that stand for them are used. esbuild does so only within
// modules that import nothing, and a consumer's bundler only some: in one file this is 300 bytes of core, gzipped.
import { parseAst } from 'rollup/parseAst'

/** How constants are named here, and nothing else is: no function can have a variable of that name. */
const CONSTANT = /^[A-Z][A-Z0-9_]+$/

export const inlineConstants = {
  name: 'inline-constants',
  transform: (code) => ({ code: inlined(code), map: null }),
}

function inlined(code) {
  const { body } = parseAst(code)
  const texts = new Map()
  for (const { id, init } of body.flatMap((statement) => statement.declarations ?? [])) {
    if (CONSTANT.test(id.name) && init?.type === 'Literal' && !init.regex) texts.set(id.name, init.raw)
  }
  let end = 0
  const parts = uses(body, texts).map((use) => {
    const before = code.slice(end, use.start)
    end = use.end
    return before + texts.get(use.name)
  })
  return parts.join('') + code.slice(end)
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
