import { expect, test } from 'vitest'
import type { Adapter } from '../../src/index.js'
import { memory } from '../../src/index.js'
import { type AdapterCall, adapterContract, fakeClock, intercept } from '../../src/testing/index.js'

const passOn = ({ proceed }: AdapterCall) => proceed()

// A double that changes nothing keeps every promise of what is underneath.
const clock = fakeClock()
for (const { capability, name, run } of adapterContract({
  create: () => intercept(memory({ now: clock.now }), passOn),
  advance: clock.advance,
})) {
  test(`passes on, ${capability}: ${name}`, run)
}

test('hands over each call with its method and its arguments', async () => {
  const seen: unknown[][] = []
  const store = intercept(memory(), ({ method, args, proceed }) => {
    seen.push([method, ...args])
    return proceed()
  })
  await store.set('a', 'A', { ttlMs: 1_000 })
  await store.getMany(['a', 'b'])
  await store.ping()
  expect(seen).toEqual([['set', 'a', 'A', { ttlMs: 1_000 }], ['getMany', ['a', 'b']], ['ping']])
})

test('says of itself what the adapter says', () => {
  const store = memory()
  const double = intercept(store, passOn)
  expect(double.name).toBe('memory')
  expect(double.capabilities).toEqual(store.capabilities)
})

test('has publish and subscribe only where the adapter has', () => {
  const { publish: _publish, subscribe: _subscribe, ...quiet } = memory()
  const double = intercept(quiet, passOn)
  expect('publish' in double).toBe(false)
  expect('subscribe' in double).toBe(false)
})

test('calls the methods of an adapter that is a class on that adapter', async () => {
  class Greeter {
    readonly #greeting = 'hello'
    readonly name = 'greeter'
    readonly capabilities = memory().capabilities
    async getMany() {
      return [this.#greeting]
    }
    async client() {
      return this.#greeting
    }
  }
  const double = intercept(new Greeter() as unknown as Adapter, passOn)
  const { getMany } = double
  expect(await getMany(['a'])).toEqual(['hello'])
  expect(await double.client()).toBe('hello')
})

test('rejects when `around` or the adapter throws instead of rejecting', async () => {
  const thrower = { ...memory(), ping: () => raise('from the adapter') }
  await expect(intercept(thrower, passOn).ping()).rejects.toThrow('from the adapter')
  await expect(intercept(memory(), () => raise('from around')).ping()).rejects.toThrow('from around')
})

function raise(message: string): never {
  throw new Error(message)
}
