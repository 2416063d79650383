// What runs inside workerd: the contract suite, a case for each request, and one adapter that all requests share.
import { cached, configure } from '@larder/core'
import { adapterContract } from '@larder/core/testing'
import { http } from '../../../src/http/workerd.js'

interface Env {
  UPSTASH_REDIS_REST_URL: string
  UPSTASH_REDIS_REST_TOKEN: string
}

let bindings: Env | undefined
const env = () => bindings ?? {}

// At module scope, as an application has them: nothing may be read, made or sent here.
const shared = http({ env })
configure({ adapter: shared, namespace: 'workerd' })
let loads = 0
const find = cached('1m', 'find', async (id: string) => {
  loads++
  return { id }
})

const cases = adapterContract({ create: () => http({ env }) })

const routes: Record<string, (query: URLSearchParams) => Promise<unknown>> = {
  '/cases': async () => cases.map(({ capability, name }) => `${capability}: ${name}`),
  '/case': async (query) => {
    await cases[Number(query.get('i'))]?.run()
    return 'passed'
  },
  '/shared': async (query) => {
    const id = query.get('id') as string
    await shared.set(`shared:${id}`, id)
    return (await shared.getMany([`shared:${id}`, 'shared:absent', `shared:${id}`])).join()
  },
  '/cached': async (query) => ({ ...(await find(query.get('id') as string)), loads }),
  '/many': async () => (await Promise.all(Array.from({ length: 256 }, (_, id) => find(`${id}`)))).length,
}

export default {
  async fetch(request: Request, given: Env): Promise<Response> {
    bindings = given
    const { pathname, searchParams } = new URL(request.url)
    try {
      return Response.json({ answer: await routes[pathname]?.(searchParams) })
    } catch (error) {
      return Response.json({ error: String((error as Error)?.stack ?? error) }, { status: 500 })
    }
  },
}
