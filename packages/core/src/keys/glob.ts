/**
 * A Redis glob as a regular expression over the whole key: `*`, `?`, `[a-z]`, `[^a]`, backslash escapes. As in Redis, a
 * range may be given backwards, and a set that is not closed ends with the glob.
 */
export function globToRegExp(glob: string): RegExp {
  const tokens = /\\(.)|\[(\^?)((?:\\.|[^\]]-.|[^\]])*)(?:\]|$)|\*|\?|./gs
  const source = glob.replace(tokens, (token: string, escaped?: string, not?: string, set?: string) => {
    if (token === '*') return '.*'
    if (token === '?') return '.'
    if (set === undefined) return literal(escaped ?? token)
    const members = set.replace(/\\(.)|(.)-(.)|./gs, (member: string, escaped?: string, from?: string, to?: string) => {
      return from && to ? [from, to].sort().map(literal).join('-') : literal(escaped ?? member)
    })
    return `[${not}${members}]`
  })
  return new RegExp(`^${source}$`, 's')
}

function literal(text: string): string {
  return text.replace(/\W/g, '\\$&')
}
