/**
 * The helpers behind SWC's decorators of 2018, in short: SWC's own have no place among this workspace's dependencies.
 * A decorator is called with one argument that describes the member, and gives a description back.
 */
interface Member {
  readonly kind: 'method' | 'field'
  readonly key: string | symbol
  readonly placement: 'prototype' | 'static' | 'own'
  readonly descriptor: PropertyDescriptor
  readonly initializer?: () => unknown
}

/** A member as SWC writes it down. `value` makes the value of a field and is the value of a method. */
interface Definition {
  readonly kind: 'method' | 'field'
  readonly key: string | symbol
  readonly static?: boolean
  readonly decorators?: readonly ((member: Member) => Member | undefined)[]
  // biome-ignore lint/complexity/noBannedTypes: whatever function the class has.
  readonly value: Function | undefined
}

type Initialize = (instance: object) => void
type Factory = (initialize: Initialize, parent: unknown) => { readonly F: Class; readonly d: readonly Definition[] }
type Class = new (...args: unknown[]) => object

export function _decorate(_classDecorators: unknown, factory: Factory, parent?: unknown): Class {
  const initialize: Initialize = (instance) => {
    for (const member of members) if (member.placement === 'own') define(instance, member)
  }
  const { F: target, d: definitions } = factory(initialize, parent)
  const members = definitions.map(decorateMember)
  for (const member of members) {
    if (member.placement === 'prototype') define(target.prototype, member)
    if (member.placement === 'static') define(target, member)
  }
  return target
}

function decorateMember({ kind, key, static: isStatic, decorators = [], value }: Definition): Member {
  const placement = isStatic ? 'static' : kind === 'method' ? 'prototype' : 'own'
  const descriptor = { writable: true, configurable: true, enumerable: kind === 'field' }
  let member: Member =
    kind === 'method'
      ? { kind, key, placement, descriptor: { ...descriptor, value } }
      : { kind, key, placement, descriptor, initializer: value as () => unknown }
  for (const decorator of [...decorators].reverse()) {
    member = decorator(Object.defineProperty({ ...member }, Symbol.toStringTag, { value: 'Descriptor' })) ?? member
    // As strict as the original: what is no description of a method is refused.
    if (member.kind !== kind || (kind === 'method' && member.initializer))
      throw new TypeError('not a method descriptor')
    if (!['prototype', 'static', 'own'].includes(member.placement)) throw new TypeError('not a placement')
  }
  return member
}

function define(target: object, { key, descriptor, initializer }: Member): void {
  Object.defineProperty(target, key, initializer ? { ...descriptor, value: initializer.call(target) } : descriptor)
}

export const _get_prototype_of = (of: object): object => Object.getPrototypeOf(of)

/** `super.key` in a method that SWC has taken out of its class. */
export function _get(of: object, key: string, receiver: unknown): unknown {
  return Reflect.get(of, key, receiver)
}
