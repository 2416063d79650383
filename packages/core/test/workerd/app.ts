import { memory } from '@larder/core'
import { fetchAdapter } from './fetch-adapter.js'
import { serveShop } from './shop.js'

// Put in by the bundler: module scope must not ask for anything.
declare const STORE: string

export default serveShop({ memory: () => memory(), fetch: () => fetchAdapter(STORE) })
