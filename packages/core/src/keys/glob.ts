/** Makes `text` match only itself in a Redis glob: `\`, `*`, `?`, `[` and `]` are escaped with a backslash. */
export function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&')
}

/** A Redis glob (`*`, `?`, `[a-z]`, `[^a]`, backslash escapes) as a regular expression over the whole key. */
export function globToRegExp(glob: string): RegExp {
  const source = glob.replace(/\\(.)|\[(\^?)((?:\\.|[^\]\\])*)\]|\*|\?|./gs, (token, escaped, not, set) => {
    if (token === '*') return '.*'
    if (token === '?') return '.'
    // Inside a set only `-` keeps its meaning; an empty set matches nothing, as in Redis.
    if (set !== undefined) {
      const body = set.replace(/\\(.)|[[^]/gs, (part: string, literal?: string) => `\\${literal ?? part}`)
      return `[${not}${body}]`
    }
    return (escaped ?? token).replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  })
  return new RegExp(`^${source}$`, 's')
}
