/** Bytes of an id, and of those made at a time: asking for the randomness of one takes longer than a lock does else. */
const ID_BYTES = 12
const BATCH_BYTES = 80 * ID_BYTES
/** In base 64. */
const ID_LENGTH = 16
let batch = ''

/** 96 random bits in base 64. Unguessable and, for any number of stamps a system writes, unique. */
export function randomId(): string {
  // Not spread: that walks an iterator. `apply` takes any list of numbers, whatever its type says.
  batch ||= btoa(String.fromCharCode.apply(null, crypto.getRandomValues(new Uint8Array(BATCH_BYTES)) as never))
  const id = batch.slice(0, ID_LENGTH)
  batch = batch.slice(ID_LENGTH)
  return id
}
