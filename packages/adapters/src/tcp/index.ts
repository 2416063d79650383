export type { Address, PoolOptions, TcpOptions } from './options.js'
export type { AcquireOptions } from './pool.js'
export { type TcpAdapter, tcp } from './tcp.js'
