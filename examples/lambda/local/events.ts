import type { APIGatewayProxyEventV2 } from 'aws-lambda'

/** An event as an HTTP API sends it, as far as handlers look at it. */
export function httpEvent(
  method: string,
  rawPath: string,
  more: { body?: unknown; headers?: Record<string, string>; sourceIp?: string } = {},
): APIGatewayProxyEventV2 {
  const { body, headers = {}, sourceIp = '192.0.2.1' } = more
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString: '',
    headers,
    isBase64Encoded: false,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName: 'localhost',
      domainPrefix: 'local',
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp, userAgent: 'local' },
      requestId: 'local',
      routeKey: '$default',
      stage: '$default',
      time: new Date().toISOString(),
      timeEpoch: Date.now(),
    },
  }
}
