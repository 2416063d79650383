import { LarderError } from './larder-error.js'

/** Refusals that pass by themselves, so that another try is worth while. */
const PASSING = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN)$/

/** The server answered, and refused. It is the `cause` of a `StoreError`; its own `cause` is what the client rejected with. */
export class ReplyError extends LarderError {
  override readonly name = 'ReplyError'
  /** Whether the same command may pass a moment later. */
  readonly retryable: boolean

  constructor(
    /** The first word of the reply, such as `LOADING` or `OOM`. */
    readonly reply: string,
    cause: unknown,
    /** What it means and what to do, for the message. */
    advice = 'the server refused the command',
  ) {
    super('ERR_REPLY', `${reply}: ${advice}`, cause)
    this.retryable = PASSING.test(reply)
  }
}
