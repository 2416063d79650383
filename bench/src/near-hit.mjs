// What a hit costs in the near tier.
import { hitSuite } from './hit-suite.mjs'
import { larderNearCaches } from './larder-caches.mjs'

await hitSuite({
  name: 'near-hit',
  title: 'What a hit in the near tier costs',
  note: 'The near tier is bounded, has a ttl, and hears of evictions in other processes. `same object`: whether each hit gives the very object of the hit before; with `reference` it is frozen.',
  caches: larderNearCaches.map(({ name }) => ({ name, isHeld: name.endsWith('reference') })),
  targets: { id: 3, object: 2.5 },
})
