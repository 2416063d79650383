/** A request that is answered with an error before Redis is asked. The message begins as those of Redis do. */
export class HttpFault extends Error {
  override readonly name = 'HttpFault'

  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message)
  }
}
