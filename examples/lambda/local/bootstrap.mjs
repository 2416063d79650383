// What runs a handler inside Lambda, as far as handlers can tell: a loop over the Runtime API
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html). `node bootstrap.mjs path/to/bundle.mjs handler`.
import { request } from 'node:http'
import { pathToFileURL } from 'node:url'

const [, , bundle, name] = process.argv
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`

/** One request, on a connection of its own: an idle one would keep the event loop from ever being empty. */
function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const sent = request(`${api}${path}`, { method, agent: false }, (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () => resolve({ headers: response.headers, text: Buffer.concat(chunks).toString() }))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const describe = (error) => ({
  errorType: error?.name ?? typeof error,
  errorMessage: String(error?.message ?? error),
  stackTrace: String(error?.stack ?? '').split('\n'),
})

/** Calls a handler in either style: one that returns a promise, or one that calls back. */
function run(handler, event, context) {
  return new Promise((resolve, reject) => {
    const done = (error, result) => {
      const settle = () => (error ? reject(error) : resolve(result))
      // The callback style answers only when nothing is left to do, unless the handler says otherwise.
      if (context.callbackWaitsForEmptyEventLoop) process.once('beforeExit', settle)
      else setImmediate(settle)
    }
    const returned = handler(event, context, done)
    if (typeof returned?.then === 'function') returned.then(resolve, reject)
  })
}

const handler = await import(pathToFileURL(bundle)).then(
  (module) => module[name],
  async (error) => {
    await call('POST', '/init/error', JSON.stringify(describe(error)))
    process.exit(1)
  },
)
for (;;) {
  const { headers, text } = await call('GET', '/invocation/next')
  const id = headers['lambda-runtime-aws-request-id']
  const deadlineMs = Number(headers['lambda-runtime-deadline-ms'])
  const context = {
    awsRequestId: id,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  }
  await run(handler, JSON.parse(text), context).then(
    (result) => call('POST', `/invocation/${id}/response`, JSON.stringify(result) ?? 'null'),
    (error) => call('POST', `/invocation/${id}/error`, JSON.stringify(describe(error))),
  )
}
