/** Bytes of the tokens made at a time: asking for the randomness of one takes longer than all else that a lock does here. */
const BATCH_BYTES = 960
/** 12 of those bytes, in base 64. */
const TOKEN_LENGTH = 16
let batch = ''
/** In which second the batch was drawn. */
let drawnIn = 0

/**
 * 96 random bits in base 64: nobody guesses another's.
 *
 * A batch is good for the second in which it was drawn. It lies in memory, and of a memory that was kept as a snapshot
 * many processes may go on: they must not hold locks by one token.
 */
export function newToken(): string {
  const second = Math.floor(Date.now() / 1_000)
  if (!batch || second !== drawnIn) {
    // Not spread: that walks an iterator. `apply` takes any list of numbers, whatever its type says.
    batch = btoa(String.fromCharCode.apply(null, crypto.getRandomValues(new Uint8Array(BATCH_BYTES)) as never))
    drawnIn = second
  }
  const token = batch.slice(0, TOKEN_LENGTH)
  batch = batch.slice(TOKEN_LENGTH)
  return token
}
