import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { havePeers, peerVersions } from './peers.mjs'

const results = new URL('../results/', import.meta.url)
// Before the work begins: afterwards it would be our own load.
const loadBefore = loadavg()[0]

/**
 * @typedef {object} Table
 * @property {string} title
 * @property {string} [note] what was done, in a sentence or two
 * @property {Record<string, string | number>[]} rows as shown, by the head of the column
 * @property {object[]} data the same unrounded, for the JSON
 */

/**
 * Prints the tables and, unless this is a quick run, writes them to `results/<suite>.md` and `.json`.
 *
 * @param {{ suite: string, title: string, load: string, tables: Table[], quick: boolean }} run
 */
export function report({ suite, title, load, tables, quick }) {
  for (const table of tables) {
    console.log(`${table.title}${table.note ? `\n${table.note}` : ''}`)
    console.log(`${toText(table.rows)}\n`)
  }
  if (quick) {
    console.log('A quick run: it shows that the rows work, not how fast they are.\n')
    return
  }

  const about = { ...machine(), load, packages: versions() }
  const markdown = [
    `# ${title}`,
    'Written by `npm run bench`; not to be edited. How to read it: [README](../README.md).',
    ...tables.flatMap(({ title, note, rows }) => [`## ${title}`, note, toMarkdown(rows)]),
    '## Run',
    [
      `- ${about.cpu}, ${about.cores} cores, ${about.memoryGiB} GiB; load average before the run ${about.loadAverage}`,
      `- Node ${about.node}, ${about.date}`,
      `- ${about.load}`,
      `- ${Object.entries(about.packages)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}`,
    ].join('\n'),
  ]
  mkdirSync(results, { recursive: true })
  writeFileSync(new URL(`${suite}.md`, results), `${markdown.filter(Boolean).join('\n\n')}\n`)
  const data = { suite, ...about, tables: tables.map(({ title, data }) => ({ title, rows: data })) }
  writeFileSync(new URL(`${suite}.json`, results), `${JSON.stringify(data, null, 2)}\n`)
  console.log(`Written to bench/results/${suite}.md and .json`)
}

/**
 * A table of `compare`'s rows, with the facts of each in columns of their own.
 *
 * @param {{ title: string, note: string, unit?: 'ns' | 'us' | 'ms', measured: object[], judge?: (row: object) => string }} table
 */
export function ratioTable({
  title,
  note,
  unit = 'ns',
  measured,
  judge = ({ ratio, target }) => verdict(ratio, target),
}) {
  const per = { ns: 1, us: 1e3, ms: 1e6 }[unit]
  return {
    title,
    note,
    rows: measured.map((row) => ({
      row: row.name,
      [unit]: (row.ns / per).toFixed(unit === 'ns' ? 0 : 1),
      'x floor': row.ratio.toFixed(2),
      'p10–p90': `${row.p10.toFixed(2)}–${row.p90.toFixed(2)}`,
      target: judge(row),
      ...row.facts,
    })),
    data: measured,
  }
}

/** A target and whether it was met, at the precision that is shown. Empty where there is none. */
export function verdict(value, target, unit = 'x') {
  if (target === undefined) return ''
  const shown = Number(value.toFixed(unit === 'x' ? 2 : 1))
  return `≤ ${target}${unit}: ${shown <= target ? 'met' : 'MISSED'}`
}

function machine() {
  const [cpu] = cpus()
  return {
    cpu: cpu.model.trim(),
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    loadAverage: Number(loadBefore.toFixed(2)),
    node: process.versions.node,
    date: new Date().toISOString().slice(0, 10),
  }
}

function versions() {
  const manifest = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
  const core = manifest('../../packages/core/package.json')
  const adapters = manifest('../../packages/adapters/package.json')
  const { devDependencies } = manifest('../../package.json')
  const ours = {
    [core.name]: core.version,
    ...core.dependencies,
    [adapters.name]: adapters.version,
    esbuild: devDependencies.esbuild,
  }
  return havePeers() ? { ...ours, ...peerVersions() } : ours
}

function toText(rows) {
  const { lines, widths } = layOut(rows)
  const isNumeric = widths.map((_, i) => lines.slice(1).every((line) => /^[\d.,–\s]*$/.test(line[i])))
  return lines
    .map((line) => line.map((cell, i) => (isNumeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  '))
    .map((line) => `  ${line.trimEnd()}`)
    .join('\n')
}

function toMarkdown(rows) {
  const { lines, widths } = layOut(rows)
  const [head, ...body] = lines.map((line) => line.map((cell, i) => cell.padEnd(widths[i])))
  const rule = widths.map((width) => '-'.repeat(width))
  return [head, rule, ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** The rows as lists of cells, heads first, and how wide each column has to be. */
function layOut(rows) {
  const heads = headsOf(rows)
  const lines = [heads, ...rows.map((row) => heads.map((head) => String(row[head] ?? '')))]
  return { lines, widths: heads.map((_, i) => Math.max(3, ...lines.map((line) => line[i].length))) }
}

/** Every column that any row fills. */
function headsOf(rows) {
  const heads = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  return heads.filter((head) => rows.some((row) => row[head] !== undefined && row[head] !== ''))
}
