/** What is used of the module that workerd brings. */
declare module 'cloudflare:workers' {
  /** Keeps the current request alive until `promise` settles. Older versions of workerd have none. */
  export const waitUntil: ((promise: Promise<unknown>) => void) | undefined
}
