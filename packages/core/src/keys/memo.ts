/** What is known of arguments seen before. */
export interface Slot {
  /** Their key in the store. */
  key: string | undefined
  /** Their value in the near tier, which may not be what it was: `serve` gives `undefined` then. */
  near: { serve(): Promise<unknown> | undefined } | undefined
}

/**
 * Remembers the keys of arguments seen before. Writing a key out means making a text and hashing it; finding it here
 * means a few look-ups by values that are there already.
 *
 * @returns where the key of `args` is, or is to be put; `undefined` for arguments that are neither primitives nor
 * records of them
 */
export type KeyMemo = (args: readonly unknown[]) => Slot | undefined

/** One that remembers nothing until its code is there: it only makes calls faster. */
export function createKeyMemo(): KeyMemo {
  let memo: KeyMemo = () => undefined
  import('./memo-tree.js').then(
    ({ createKeyTree }) => {
      memo = createKeyTree()
    },
    () => {},
  )
  return (args) => memo(args)
}
