// Checks what the project says in words: every snippet compiles, every link leads somewhere, every error code has its
// page. Run after `build`: snippets are compiled against the packages as they are built. Its last line is a summary;
// before it comes one line for each fault, beginning with `file:line`.
//
// Snippets are the `ts` and `tsx` blocks of the Markdown files and of docstrings, and the code of `@example`.
// - One in Markdown is a module: it imports what it uses of Larder, so that readers can copy it. What belongs to their
//   own application (`Product`, `db`, …) is declared in `docs/snippets.d.ts`.
// - `<!-- continues -->` on the line before a block makes that block the continuation of the one before it.
// - One in a docstring is the inside of an async function, with all of Larder at hand. `{ … }` is a body left out.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const work = join(root, 'node_modules', '.cache', 'larder-docs')
const CODES = 'packages/core/src/errors/codes.ts'
const ERROR_PAGES = 'docs/errors'

const read = (file) => readFileSync(join(root, file), 'utf8')
const list = (folder, ending) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true })
        .filter((name) => name.endsWith(ending) && !/(^|\/)(node_modules|dist)\//.test(name))
        .map((name) => join(folder, name))
        .sort()
    : []
const packages = readdirSync(join(root, 'packages')).map((name) => join('packages', name))
const snippetPages = [
  'README.md',
  'CONTRIBUTING.md',
  ...list('docs', '.md'),
  ...packages.map((folder) => join(folder, 'README.md')),
].filter((file) => existsSync(join(root, file)))
const pages = [...new Set([...snippetPages, ...list('examples', '.md'), ...list('bench', '.md')])]
const sources = packages.flatMap((folder) => list(join(folder, 'src'), '.ts'))

const faults = new Set()
const snippets = [...snippetPages.flatMap(snippetsOfPage), ...sources.flatMap(snippetsOfSource)]
await compile(snippets)
const links = pages.flatMap(checkLinks)
checkErrorPages()

for (const fault of faults) console.error(fault)
console.log(`docs: ${snippets.length} snippets, ${links.length} links${faults.size ? `, ${faults.size} faults` : ''}`)
process.exitCode = faults.size ? 1 : 0

/** The code blocks among `lines`. A line is `{ text, line }`, `line` its number in the file. */
function blocks(lines) {
  const found = []
  let block
  lines.forEach(({ text, line }, i) => {
    const fence = /^\s*```(\w*)/.exec(text)
    if (fence && block) block = undefined
    else if (fence) {
      block = { language: fence[1], before: lines[i - 1]?.text.trim(), lines: [] }
      found.push(block)
    } else block?.lines.push({ text, line })
  })
  return found.filter(({ language }) => /^tsx?$/.test(language))
}

function snippetsOfPage(file) {
  const found = []
  for (const { language, before, lines } of blocks(numbered(read(file)))) {
    if (before === '<!-- continues -->' && found.length) found.at(-1).lines.push(...lines)
    else found.push({ file, language, lines, docstring: false })
  }
  return found
}

function snippetsOfSource(file) {
  const text = read(file)
  const found = []
  for (const comment of text.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
    const first = text.slice(0, comment.index).split('\n').length
    const lines = numbered(comment[0], first).map(({ text, line }) => ({
      text: text.replace(/^\s*(\/\*\*|\*\/|\*) ?/, '').replace(/\s*\*\/$/, ''),
      line,
    }))
    const fenced = blocks(lines)
    found.push(...fenced, ...examples(lines).filter((example) => !example.lines.some(({ text }) => /```/.test(text))))
  }
  return found.map(({ lines, language = 'ts' }) => ({ file, language, lines, docstring: true }))
}

/** What follows each `@example`, up to the next tag of a docstring. */
function examples(lines) {
  const found = []
  let example
  for (const { text, line } of lines) {
    const tag = /^\s*@(example|param|returns|throws|default|see)\b/.exec(text)?.[1]
    if (tag) {
      example = tag === 'example' ? { lines: [] } : undefined
      if (example) found.push(example)
    } else example?.lines.push({ text, line })
  }
  return found
}

function numbered(text, first = 1) {
  return text.split('\n').map((text, i) => ({ text, line: first + i }))
}

/** Compiles all snippets by one run of `tsc`, each in a file of its own below one line of ours. */
async function compile(all) {
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  const built = packages.flatMap(entryPoints)
  if (!built.includes('@larder/core')) return faults.add('@larder/core is not built: npm run build')
  const larder = await Promise.all(built.map(async (name) => [name, Object.keys(await import(name))]))
  const files = all.map(({ language, lines, docstring }, i) => {
    const code = lines.map(({ text }) => text).join('\n')
    const imports = larder.map(([name, exported]) => {
      const used = exported.filter((word) => new RegExp(`\\b${word}\\b`).test(code))
      return `import { ${used.join(', ')} } from '${name}';`
    })
    const text = docstring
      ? `${imports.join(' ')} export async function snippet() {\n${code.replace(/\{ … \}/g, '{ throw new Error() }')}\n}`
      : `export {}\n${code}`
    const name = `snippet-${i}.${language}`
    writeFileSync(join(work, name), `${text}\n`)
    return name
  })
  // As `.ts`, so that it is checked like the rest.
  writeFileSync(join(work, 'application.ts'), read('docs/snippets.d.ts'))
  const compilerOptions = {
    target: 'ES2022',
    module: 'NodeNext',
    // A file without imports is no module, so that what `application.ts` declares is there for all.
    moduleDetection: 'legacy',
    lib: ['ES2023', 'ESNext.Disposable', 'ESNext.Decorators'],
    types: ['node'],
    jsx: 'preserve',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
  }
  writeFileSync(join(work, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(work, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['application.ts', ...files] }))
  const tsc = join(root, 'node_modules', '.bin', 'tsc')
  const { stdout, status, error } = spawnSync(tsc, ['-p', work, '--pretty', 'false'], { cwd: work, encoding: 'utf8' })
  const reported = faults.size
  let last
  for (const line of (stdout ?? '').split('\n')) {
    const [, index, row, message] = /snippet-(\d+)\.tsx?\((\d+),\d+\): (.*)/.exec(line) ?? []
    if (index === undefined) {
      // The rest of a message, or one that is about no snippet.
      if (/^\s+\S/.test(line) && last) last.text += `\n  ${line}`
      else if (line.trim()) faults.add(line)
      continue
    }
    if (last) faults.add(last.text)
    const { file, lines } = all[index]
    const at = lines[Math.min(Math.max(row - 2, 0), lines.length - 1)]
    last = { text: `${file}:${at?.line}: ${message}` }
  }
  if (last) faults.add(last.text)
  if (status !== 0 && faults.size === reported) faults.add(`tsc ended with ${status ?? error}`)
}

/** What can be imported of a package, as far as it is built. */
function entryPoints(folder) {
  const { name, exports = {} } = JSON.parse(read(join(folder, 'package.json')))
  return Object.entries(exports)
    .filter(
      ([, { import: files }]) => files && Object.values(files).every((file) => existsSync(join(root, folder, file))),
    )
    .map(([subpath]) => name + subpath.slice(1))
}

/** The relative links of a page. Each must lead to a file, and to a heading of it where it names one. */
function checkLinks(file) {
  const prose = numbered(read(file).replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, '')))
  const found = []
  for (const { text, line } of prose) {
    const targets = [
      ...text.replace(/`[^`]*`/g, (code) => code.replace(/[[\]()]/g, ' ')).matchAll(/\]\(([^)\s]+)[^)]*\)/g),
      ...text.matchAll(/^\[[^\]]+\]:\s+(\S+)/g),
    ].map(([, target]) => target)
    for (const target of targets.filter((target) => !/^[a-z]+:/.test(target))) {
      found.push(target)
      const [path, anchor] = target.split('#')
      const to = path ? join(dirname(file), path) : file
      if (!existsSync(join(root, to))) faults.add(`${file}:${line}: ${target} leads nowhere`)
      else if (anchor && !headings(to).includes(anchor)) faults.add(`${file}:${line}: ${target}: no such heading`)
    }
  }
  return found
}

/** The anchors of a page's headings, as they are made of the text. */
function headings(file) {
  const lines = read(file)
    .replace(/^```[\s\S]*?^```/gm, '')
    .split('\n')
  return lines
    .filter((line) => /^#+ /.test(line))
    .map((line) =>
      line
        .replace(/^#+ /, '')
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-'),
    )
}

/** Every code has a page, every page a code, and no page speaks of a code that is not there. */
function checkErrorPages() {
  const codes = read(CODES).match(/ERR_[A-Z_]+/g)
  const index = read(join(ERROR_PAGES, 'README.md'))
  for (const code of codes) {
    const page = join(ERROR_PAGES, `${code}.md`)
    if (!existsSync(join(root, page))) faults.add(`${CODES}: ${code} has no page: write ${page}`)
    else if (!read(page).startsWith(`# ${code}\n`)) faults.add(`${page}:1: the title must be the code`)
    if (!index.includes(`(${code}.md)`)) faults.add(`${join(ERROR_PAGES, 'README.md')}: ${code} is not listed`)
  }
  for (const file of pages) {
    // Codes of Node and of package managers are not ours.
    const written = numbered(read(file)).flatMap(({ text, line }) =>
      (text.match(/\bERR_(?!REQUIRE_ESM)[A-Z_]+/g) ?? []).map((code) => ({ code, line })),
    )
    for (const { code, line } of written) {
      if (!codes.includes(code)) faults.add(`${file}:${line}: ${code} is no error code`)
    }
  }
  for (const page of list(ERROR_PAGES, '.md')) {
    const name = relative(ERROR_PAGES, page).replace(/\.md$/, '')
    if (name !== 'README' && !codes.includes(name)) faults.add(`${page}: no such code in ${CODES}`)
  }
}
