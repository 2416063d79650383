/** Before a message that an event stream would not bring as it is. */
const MARK = '\u0001larder:'

/** An event stream has lines, and one way of ending them: a message with line ends of its own is sent as JSON. */
export function toWire(message: string): string {
  return /[\r\n]/.test(message) || message.startsWith(MARK) ? MARK + JSON.stringify(message) : message
}

export function fromWire(text: string): string {
  if (!text.startsWith(MARK)) return text
  try {
    const message: unknown = JSON.parse(text.slice(MARK.length))
    return typeof message === 'string' ? message : text
  } catch {
    return text
  }
}
