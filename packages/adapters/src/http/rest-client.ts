/** The client inside a `Redis` of @upstash/redis: what talks HTTP. Only what is used of it here. */
export interface RestClient {
  request(request: RestRequest): Promise<unknown>
  readonly baseUrl?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface RestRequest {
  readonly path: readonly string[]
  readonly body: unknown
  /** A function: with a plain signal, the client resolves an aborted request to a result. */
  readonly signal: () => AbortSignal
}

/**
 * The client inside `redis`, so that answers come as they were sent: not parsed a second time, as the client's own methods
 * do unless told otherwise.
 *
 * A client of the application's own may repeat requests, which would count a counter twice, and may ask for answers in
 * base64, from which it drops a byte order mark. So it is looked at through a view without either; the client itself
 * stays as it is, and its agent and headers stay in use.
 */
export function restClient(redis: object): RestClient {
  const { client } = redis as { client: RestClient & { options?: object } }
  if (!client.headers) return client
  const { 'Upstash-Encoding': _, ...headers } = client.headers
  return Object.assign(Object.create(client) as RestClient, {
    headers,
    retry: { attempts: 0 },
    options: { ...client.options, responseEncoding: false },
  })
}
