/** Applies a decorator to a method as TypeScript does with `experimentalDecorators`. */
export function decorateLegacy(decorator, target, method) {
  const descriptor = Object.getOwnPropertyDescriptor(target.prototype, method)
  const replaced = decorator(target.prototype, method, descriptor) ?? descriptor
  Object.defineProperty(target.prototype, method, replaced)
}

/** Applies a decorator to a method as compilers do for standard decorators, as far as Larder's look at the context. */
export function decorateStandard(decorator, target, method) {
  const context = { kind: 'method', name: method, static: false, private: false, addInitializer() {} }
  Object.defineProperty(target.prototype, method, {
    value: decorator(target.prototype[method], context),
    configurable: true,
    writable: true,
  })
}
