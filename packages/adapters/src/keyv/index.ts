export { type KeyvStore, type ToKeyvOptions, toKeyv } from './to-keyv.js'
