/**
 * The data of each event, as `text/event-stream` has them: lines that begin with `data:`, up to an empty line. Lines end
 * with a line feed, with or without a carriage return before it.
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder()
  const reader = body.getReader()
  let rest = ''
  let data: string[] = []
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n')
      rest = lines.pop() as string
      for (const ended of lines) {
        const line = ended.endsWith('\r') ? ended.slice(0, -1) : ended
        if (line.startsWith('data:')) data.push(line.slice(line.startsWith('data: ') ? 6 : 5))
        else if (line === '' && data.length) {
          yield data.join('\n')
          data = []
        }
      }
    }
  } finally {
    // The connection may be gone already.
    reader.cancel().catch(() => {})
  }
}
