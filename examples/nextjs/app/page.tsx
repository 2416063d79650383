import { listIds } from '../lib/stock'
import { Shelves } from './shelves'

// What is on the shelves is known when somebody asks, not when the page is built.
export const dynamic = 'force-dynamic'

export default async function Page() {
  return (
    <main>
      <header>
        <h1>The larder</h1>
        <p>Look an item up: the first look reads the stock file, the next ones are served from the larder.</p>
      </header>
      <Shelves ids={await listIds()} />
    </main>
  )
}
