/** Whether two types are the same to the letter: neither `any` nor a mere subtype passes for another. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only with `true`, as in `expectType<Same<typeof found, string>>()`. */
export function expectType<_IsTrue extends true>(): void {}
