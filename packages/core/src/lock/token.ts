/** Bytes of the tokens made at a time: asking for the randomness of one takes longer than all else that a lock does here. */
const BATCH_BYTES = 960
/** 12 of those bytes, in base 64. */
const TOKEN_LENGTH = 16
let batch = ''

/** 96 random bits in base 64: nobody guesses another's. */
export function newToken(): string {
  // Not spread: that walks an iterator. `apply` takes any list of numbers, whatever its type says.
  batch ||= btoa(String.fromCharCode.apply(null, crypto.getRandomValues(new Uint8Array(BATCH_BYTES)) as never))
  const token = batch.slice(0, TOKEN_LENGTH)
  batch = batch.slice(TOKEN_LENGTH)
  return token
}
