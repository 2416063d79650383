// What a hit costs on the embedded adapter.
import { hitSuite } from './hit-suite.mjs'
import { larderCaches } from './larder-caches.mjs'

await hitSuite({
  name: 'hit',
  title: 'What a hit costs',
  note: '`same object`: whether each hit gives the very object of the hit before, which one caller can spoil for the next.',
  caches: larderCaches.map(({ name }) => ({ name, isHeld: true })),
  targets: { id: 12, object: 6 },
})
