// A Lambda function's cold start: from the start of the process to its first answer. The handler of examples/lambda as it
// is bundled for deployment, beside the same handler made of other packages, and one without a cache.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { havePeers } from './peers.mjs'
import { startRedis, withRedis } from './redis-server.mjs'
import { report } from './report.mjs'

const quick = process.argv.includes('--quick')
const STARTS = quick ? 2 : 25
const file = (path) => fileURLToPath(new URL(path, import.meta.url))
const BOOTSTRAP = file('../../examples/lambda/local/bootstrap.mjs')
const OURS = file('../../examples/lambda/dist/functions.cjs')

const EVENT = {
  rawPath: '/products/butter',
  headers: {},
  requestContext: { http: { method: 'GET', sourceIp: '192.0.2.1' } },
}
/** Without a cache, a limit or a lock. */
const BARE = `exports.handler = async () => ({
  statusCode: 200,
  body: await (await fetch(process.env.BACKEND_URL + '/products/butter')).text(),
})`

if (existsSync(OURS)) await withRedis('cold-start', quick, run)
else if (quick) console.log('The suite cold-start is left out: examples/lambda is not built\n')
else throw new Error('examples/lambda is not built')

async function run(path) {
  const folder = mkdtempSync(join(tmpdir(), 'larder-cold-'))
  const redis = await startRedis(path)
  const backend = await serve((_request, response) => response.end('{"id":"butter","name":"Butter","pricePence":285}'))
  const env = { REDIS_URL: `${redis.url}/0`, BACKEND_URL: backend.url }
  try {
    writeFileSync(join(folder, 'bare.cjs'), BARE)
    const rows = [
      { name: 'FLOOR no cache, no limit, no lock', bundle: join(folder, 'bare.cjs') },
      { name: 'larder', bundle: OURS },
    ]
    if (!quick && havePeers()) {
      rows.push({
        name: 'bentocache + rate-limiter-flexible + redlock',
        bundle: await bundlePeers(join(folder, 'peers.cjs')),
      })
    }
    const times = rows.map(() => [])
    // In turns, so that a busy moment of the machine falls on all.
    for (let start = 0; start < STARTS; start++) {
      for (const [i, { bundle }] of rows.entries()) times[i].push(await coldStart(bundle, env))
    }
    const floor = median(times[0])
    report({
      suite: 'cold-start',
      title: 'Cold start of a Lambda function: from the start of the process to its first answer',
      load: `${STARTS} starts of each in turns; the product is stored but for the first; redis-server ${redis.version} on loopback`,
      tables: [
        {
          title: 'Start to first answer',
          note: 'Medians. Each process is new, imports its bundle, connects to Redis, checks the rate limit and reads the product.',
          rows: rows.map(({ name }, i) => ({
            '': name,
            ms: median(times[i]).toFixed(1),
            'above the floor': `${(median(times[i]) - floor).toFixed(1)} ms`,
            fastest: Math.min(...times[i]).toFixed(1),
            slowest: Math.max(...times[i]).toFixed(1),
          })),
          data: rows.map(({ name }, i) => ({ name, ms: times[i] })),
        },
      ],
      quick,
    })
  } finally {
    backend.close()
    await redis.stop()
    rmSync(folder, { recursive: true })
  }
}

async function bundlePeers(outfile) {
  await build({
    entryPoints: [file('../peers/lambda-handler.mjs')],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    logLevel: 'error',
  })
  return outfile
}

/** One process, one event, one answer. @returns milliseconds */
async function coldStart(bundle, env) {
  let answered
  const answer = new Promise((resolve) => {
    answered = resolve
  })
  const api = await serve(async (request, response) => {
    if (request.url.endsWith('/next')) {
      response.writeHead(200, {
        'lambda-runtime-aws-request-id': '1',
        'lambda-runtime-deadline-ms': String(Date.now() + 10_000),
      })
      return response.end(JSON.stringify(EVENT))
    }
    const atMs = performance.now()
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    response.end()
    answered({ atMs, body: JSON.parse(Buffer.concat(chunks).toString()) })
  })
  const startedMs = performance.now()
  const child = spawn(process.execPath, ['--no-experimental-require-module', BOOTSTRAP, bundle, 'handler'], {
    env: { ...env, PATH: process.env.PATH, AWS_LAMBDA_RUNTIME_API: api.url.replace('http://', '') },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const { atMs, body } = await answer
  child.kill('SIGKILL')
  await once(child, 'close')
  api.close()
  if (body.statusCode !== 200 || !body.body.includes('Butter')) throw new Error(`${bundle}: ${JSON.stringify(body)}`)
  return atMs - startedMs
}

async function serve(listener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function median(list) {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]
}
