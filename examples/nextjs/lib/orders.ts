import { larder } from './larder'

export const ORDERS_A_MINUTE = 5

/** Five orders a minute for each visitor. */
export const orderLimit = larder.limiter({ prefix: 'orders', limit: ORDERS_A_MINUTE, per: '1m' })
