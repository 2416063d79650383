import { UsageError } from '@larder/core'

/** Where Redis is, and who we are there. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
  readonly db: number
  /** For people: without the password. */
  readonly label: string
}

const DEFAULT_REDIS_PORT = 6379

/**
 * @param option where the URL came from, for the error
 * @throws UsageError that names `option`, and never the URL: there may be a password in it.
 */
export function parseTarget(url: string, option: string): Target {
  const requirement = `\`${option}\` must be like redis://user:password@host:6379/0, or rediss:// for TLS`
  const fault = () => new UsageError('ERR_INVALID_OPTION', requirement, option)
  if (!/^rediss?:\/\//.test(url) || !URL.canParse(url)) throw fault()
  const { protocol, hostname, port, username, password, pathname } = new URL(url)
  if (!hostname || !/^(\/\d{0,9})?$/.test(pathname)) throw fault()
  const host = hostname.replace(/^\[|\]$/g, '')
  const decoded = (text: string) => {
    try {
      return text ? decodeURIComponent(text) : undefined
    } catch {
      throw fault()
    }
  }
  const portNumber = Number(port || DEFAULT_REDIS_PORT)
  const db = Number(pathname.slice(1))
  return {
    host,
    port: portNumber,
    tls: protocol === 'rediss:',
    username: decoded(username),
    password: decoded(password),
    db,
    label: `${protocol}//${hostname}:${portNumber}${db ? `/${db}` : ''}`,
  }
}
