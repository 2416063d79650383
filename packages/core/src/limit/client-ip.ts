import { invalidOption } from '../errors/usage-error.js'
import { type IpBytes, parseCidr, parseIp, toIpKey } from './ip-address.js'

/**
 * What may be believed of a request's own account of where it comes from:
 * - a number: so many proxies of yours stand in front and each adds to `X-Forwarded-For`, so the entry that the outermost
 *   of them wrote is that many from the end
 * - a list of addresses and ranges (`10.0.0.0/8`): those are your proxies, and the client is the last that is none of them
 * - `{ header }`: your platform sets this header to the client's address, and overwrites what clients send:
 *   `cf-connecting-ip` on Cloudflare, `x-vercel-forwarded-for` on Vercel
 */
export type ProxyTrust = number | readonly string[] | { readonly header: string }

/** A web `Request`, Node's `IncomingMessage`, or a Lambda proxy event: what of them tells of the client. */
export interface ClientRequest {
  /** `null`, which API Gateway has for a request without headers, is none. */
  readonly headers:
    | Pick<Headers, 'get'>
    | Readonly<Record<string, string | readonly string[] | undefined>>
    | null
    | undefined
  /** Node's: who spoke to us. */
  readonly socket?: { readonly remoteAddress?: string | undefined } | null | undefined
  /** Lambda's: who spoke to API Gateway or the function URL. */
  readonly requestContext?: {
    readonly http?: { readonly sourceIp?: string | undefined } | undefined
    readonly identity?: { readonly sourceIp?: string | undefined } | undefined
  }
}

/** Whom {@link clientIp} believes. */
export interface ClientIpOptions {
  /** @default nothing: only the address that the request came from is believed, where the runtime tells it */
  readonly trust?: ProxyTrust
}

/**
 * The client's address, as a key to count by; IPv6 by its /64. Clients write what they like into `X-Forwarded-For`, so
 * nothing is believed of it but what `trust` says your own proxies have written.
 *
 * @returns `undefined` when no address can be relied upon. As `by`, that is an error: say what to count such requests as.
 * @throws UsageError when `trust` is none of its forms, or `request` is no request
 *
 * @example
 * const api = limiter({ prefix: 'api', limit: 100, per: '1m' })
 * await api.check(clientIp(request, { trust: 1 }) ?? 'unknown')
 */
export function clientIp(request: ClientRequest, { trust = 0 }: ClientIpOptions = {}): string | undefined {
  const address = findClient(request, trust)
  return address && toIpKey(address)
}

function findClient(request: ClientRequest, trust: ProxyTrust): IpBytes | undefined {
  if (typeof request !== 'object' || request === null || (request.headers && typeof request.headers !== 'object')) {
    throw invalidOption('request', 'must be a Request, an IncomingMessage or a Lambda event')
  }
  const { socket, requestContext } = request
  const peer = socket?.remoteAddress ?? requestContext?.http?.sourceIp ?? requestContext?.identity?.sourceIp
  // From the client, as it says, to who spoke to us. Runtimes that do not tell the latter have a platform in front.
  const path = () => [...readHeader(request, 'x-forwarded-for').split(','), ...(peer === undefined ? [] : [peer])]
  if (typeof trust === 'number') {
    if (!(Number.isSafeInteger(trust) && trust >= 0)) {
      throw invalidOption('trust', `must be 0 or more proxies, not ${trust}`)
    }
    if (trust === 0) return peer === undefined ? undefined : parseIp(peer)
    const addresses = path()
    const own = peer === undefined ? trust : trust + 1
    // Fewer entries than proxies: the first was still written by one of them.
    return parseIp(addresses[Math.max(0, addresses.length - own)] ?? '')
  }
  if (Array.isArray(trust)) {
    const proxies = trust.map((range) => {
      const contains = parseCidr(range)
      if (!contains) throw invalidOption('trust', 'must list addresses and ranges such as 10.0.0.0/8')
      return contains
    })
    let address: IpBytes | undefined
    for (const text of path().reverse()) {
      const next = parseIp(text)
      // What a proxy of ours wrote and nobody can read is not to be stepped over.
      if (!next) return text.trim() === '' ? address : undefined
      address = next
      if (!proxies.some((contains) => contains(next))) break
    }
    return address
  }
  const { header } = (trust ?? {}) as { readonly header: string }
  if (typeof header !== 'string' || header === '') {
    throw invalidOption('trust', 'must be a number of proxies, a list of their addresses, or { header }')
  }
  // With a comma in it, it is not one address, but somebody's and another one's.
  return parseIp(readHeader(request, header))
}

function readHeader({ headers }: ClientRequest, name: string): string {
  if (!headers) return ''
  if (typeof headers.get === 'function') return (headers as Pick<Headers, 'get'>).get(name) ?? ''
  const values = Object.entries(headers as Record<string, string | readonly string[] | undefined>)
    .filter(([key]) => key.toLowerCase() === name.toLowerCase())
    .map(([, value]) => value)
  return values.flat().filter(Boolean).join(',')
}
