import { tasks } from './background.js'
import { chores } from './chores.js'
import { platform } from './index.js'

/**
 * Waits for background work, of one toolkit or of all, and for what that begins in turn.
 *
 * On Workers it waits for nothing: the runtime sees to it there, and a request must not await another's work.
 * @returns whether all of it ended in time
 */
export async function drainTasks(limitMs: number, owner?: object): Promise<boolean> {
  if (platform.scope()) return true
  let isLate = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      isLate = true
      resolve()
    }, limitMs)
  })
  const ofOwner = <Item>(items: Iterable<readonly [Item, object]>) =>
    [...items].filter(([, mark]) => !owner || mark === owner).map(([item]) => item)
  try {
    for (;;) {
      const mine = ofOwner(tasks())
      // Again after each round of work: what fails in it leaves a chore behind, such as the eviction after a refresh.
      let choresEnded = false
      const ended = Promise.allSettled(ofOwner(chores()).map((run) => run())).then(() => {
        choresEnded = true
      })
      await Promise.race([Promise.all([ended, ...mine]), late])
      if (isLate) return choresEnded && ofOwner(tasks()).length === 0
      if (mine.length === 0 && ofOwner(tasks()).length === 0) return true
    }
  } finally {
    clearTimeout(timer)
  }
}
