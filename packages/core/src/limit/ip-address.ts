/** An address as its bytes: 4 or 16 of them. */
export type IpBytes = readonly number[]

/**
 * Reads an IP address: IPv4, IPv6, with the port, brackets or zone that proxies add. An IPv4 address inside an IPv6 one
 * (`::ffff:192.0.2.1`) is the IPv4 address.
 * @returns `undefined` for anything else, such as `unknown` or a name
 */
export function parseIp(text: string): IpBytes | undefined {
  const [, bracketed, plain = ''] = /^(?:\[([^\]]*)\](?::\d+)?|(.*))$/s.exec(text.trim()) ?? []
  // Two colons or more are IPv6's own; one is in front of a port.
  const address = bracketed ?? (plain.split(':').length === 2 ? plain.replace(/:\d+$/, '') : plain)
  return bracketed === undefined && !address.includes(':')
    ? parseIpv4(address)
    : parseIpv6(address.replace(/%.*$/s, ''))
}

function parseIpv4(text: string): IpBytes | undefined {
  const parts = text.split('.')
  // No zeros in front: some readers take those for octal.
  const isByte = (part: string) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256
  return parts.length === 4 && parts.every(isByte) ? parts.map(Number) : undefined
}

function parseIpv6(text: string): IpBytes | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half, i) => toBytes(half, i === halves.length - 1))
  if (!head || (halves.length === 2 && !tail)) return undefined
  const missing = 16 - head.length - (tail?.length ?? 0)
  if (tail ? missing < 2 : missing !== 0) return undefined
  const bytes = [...head, ...Array<number>(missing).fill(0), ...(tail ?? [])]
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
  return isMapped ? bytes.slice(12) : bytes
}

/** The bytes of one side of `::`. @param isEnd whether the address ends here: then its end may be written as IPv4 */
function toBytes(side: string, isEnd: boolean): number[] | undefined {
  if (side === '') return []
  const bytes: number[] = []
  const groups = side.split(':')
  for (const [i, group] of groups.entries()) {
    const ipv4 = isEnd && i === groups.length - 1 && group.includes('.') ? parseIpv4(group) : undefined
    if (ipv4) bytes.push(...ipv4)
    else if (/^[\da-f]{1,4}$/i.test(group))
      bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255)
    else return undefined
  }
  return bytes
}

/** An address range in CIDR form, `10.0.0.0/8`, or a single address. */
export function parseCidr(text: string): ((address: IpBytes) => boolean) | undefined {
  const [, address = '', length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const network = parseIp(address)
  if (!network) return undefined
  const bits = length === undefined ? 8 * network.length : Number(length)
  if (bits > 8 * network.length) return undefined
  const isSameUpTo = (other: IpBytes) =>
    network.every((byte, i) => {
      const kept = Math.min(8, Math.max(0, bits - 8 * i))
      return (byte ^ (other[i] as number)) >> (8 - kept) === 0
    })
  return (other) => other.length === network.length && isSameUpTo(other)
}

/**
 * An address as a key to count by. One subscriber of an IPv6 network has at least a /64 to choose from, so that is what is
 * counted: `2001:db8:0:1::/64`.
 */
export function toIpKey(address: IpBytes): string {
  if (address.length === 4) return address.join('.')
  const groups = [0, 2, 4, 6].map((i) => (((address[i] as number) << 8) | (address[i + 1] as number)).toString(16))
  return `${groups.join(':')}::/64`
}
