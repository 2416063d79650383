import type { Adapter } from '../../adapter/adapter.js'
import { abort } from './abort.js'
import { conditions } from './conditions.js'
import { deletion } from './deletion.js'
import { globs } from './globs.js'
import { keys } from './keys.js'
import { type Case, createKit } from './kit.js'
import { lifecycle } from './lifecycle.js'
import { ownership } from './ownership.js'
import { productScripts } from './product-scripts.js'
import { pubsub } from './pubsub.js'
import { scripts } from './scripts.js'
import { ttl } from './ttl.js'
import { values } from './values.js'

/** The adapter that {@link adapterContract} is about. */
export interface AdapterContractOptions {
  /**
   * Makes an adapter, anew for each case, which closes it at its end. The store behind it may hold other people's keys:
   * each case keeps to a random prefix of its own and deletes what it wrote.
   */
  create(): Adapter | Promise<Adapter>
  /**
   * Moves the store's clock, where it has one that can be moved.
   * @default waits in real time, some 50 ms for each case about a ttl
   */
  advance?(ms: number): void | Promise<void>
}

/** One promise of the adapter interface, ready to be run as a test. */
export interface ContractCase {
  /** The part of the interface it is about, such as `values`, `ttl` or `globs`. */
  readonly capability: string
  /** What an adapter does, as a sentence. No two cases have the same. */
  readonly name: string
  /** Resolves if the adapter keeps the promise; rejects with an Error that says what was expected and what came. */
  run(): Promise<void>
}

/**
 * Everything that {@link Adapter} promises, as cases for any test runner. An adapter that passes can be given to
 * `createLarder`. What an adapter says it cannot do (`capabilities`) is not asked of it.
 *
 * Cases share nothing, so they may run in any order or at once. A fake clock is the exception: then run them in turn.
 *
 * @example
 * const clock = fakeClock()
 * const create = () => memory({ now: clock.now })
 * for (const { name, run } of adapterContract({ create, advance: clock.advance })) test(name, run)
 */
export function adapterContract({ create, advance }: AdapterContractOptions): ContractCase[] {
  return Object.entries(CASES).flatMap(([capability, cases]) =>
    cases.map(({ name, run }) => ({
      capability,
      name,
      async run() {
        const kit = createKit(await create(), advance)
        try {
          await run(kit)
        } finally {
          // Keys that stay behind do no harm, and must not hide why a case failed.
          await kit.cleanUp().catch(() => {})
        }
      },
    })),
  )
}

const CASES: Readonly<Record<string, readonly Case[]>> = {
  values,
  keys,
  ttl,
  conditions,
  ownership,
  deletion,
  globs,
  scripts,
  'product scripts': productScripts,
  pubsub,
  abort,
  lifecycle,
}
