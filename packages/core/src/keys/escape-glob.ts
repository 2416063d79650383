/**
 * Makes `text` match only itself in a Redis glob: `\`, `*`, `?`, `[` and `]` are escaped with a backslash.
 *
 * @example
 * await cache.deleteMatching(`${escapeGlob('user[1]')}:*`)
 */
export function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&')
}
