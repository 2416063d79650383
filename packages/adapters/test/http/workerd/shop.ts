// The Worker of the core's scenarios, over HTTP.
import { serveShop } from '../../../../core/test/workerd/shop.js'
import { http } from '../../../src/http/workerd.js'

interface Env {
  readonly UPSTASH_REDIS_REST_URL: string
  readonly UPSTASH_REDIS_REST_TOKEN: string
}

let bindings: Env | undefined
const shop = serveShop({ http: () => http({ env: () => bindings ?? {} }) })

export default {
  fetch(request: Request, env: Env): Promise<Response> {
    bindings = env
    return shop.fetch(request)
  },
}
