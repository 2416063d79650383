/** Makes `text` match only itself in a Redis glob: `\`, `*`, `?`, `[` and `]` are escaped with a backslash. */
export function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&')
}
