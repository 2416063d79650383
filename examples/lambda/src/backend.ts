export interface Product {
  readonly id: string
  readonly name: string
  readonly pricePence: number
}

export interface OrderRequest {
  readonly customer: string
  readonly product: string
  /** The customer's own name for this order: sent twice, it is one order. */
  readonly idempotencyKey: string
}

/** Customers choose their keys by themselves: one customer's must never find another's order. */
export const keyOf = ({ customer, idempotencyKey }: OrderRequest) => JSON.stringify([customer, idempotencyKey])

/** What an order is for: a key that comes again has to come with the same. */
export const contentOf = ({ product }: OrderRequest) => product

export interface Order {
  readonly id: string
  readonly customer: string
  readonly product: string
  readonly pricePence: number
}

/** The shop's own service, which this function stands in front of. It knows nothing of duplicates. */
const url = (path: string) => `${process.env.BACKEND_URL}/${path}`

export async function findProduct(id: string): Promise<Product | null> {
  const response = await fetch(url(`products/${encodeURIComponent(id)}`))
  if (response.status === 404) return null
  if (!response.ok) throw new Error(`the backend answered ${response.status}`)
  return (await response.json()) as Product
}

export async function createOrder(order: Omit<Order, 'id'>): Promise<Order> {
  const response = await fetch(url('orders'), { method: 'POST', body: JSON.stringify(order) })
  if (!response.ok) throw new Error(`the backend answered ${response.status}`)
  return (await response.json()) as Order
}
