'use client'

import { useCallback, useEffect, useState } from 'react'
import { type Look, Looked } from './looked'
import { type Status, Tallies } from './tallies'

/** The items, what the last look at each brought, and the counts. */
export function Shelves({ ids }: { ids: readonly string[] }) {
  const [looks, setLooks] = useState<Record<string, Look>>({})
  const [status, setStatus] = useState<Status>()
  const [note, setNote] = useState<{ text: string; refused: boolean }>()

  const refresh = useCallback(async () => {
    setStatus(await (await fetch('/api/status')).json())
  }, [])
  useEffect(() => {
    void refresh()
  }, [refresh])

  const look = async (id: string) => {
    const response = await fetch(`/api/items/${id}`)
    const found = await response.json()
    if (response.ok) setLooks((all) => ({ ...all, [id]: { ...found, seenAtMs: Date.now() } }))
    await refresh()
  }
  const evict = async (id: string) => {
    await post('/api/purge', { id })
    setLooks(({ [id]: _gone, ...rest }) => rest)
    setNote({ text: `${id} was taken out of the larder: the next look reads the file.`, refused: false })
  }
  const order = async (id: string) => {
    const response = await post('/api/orders', { id })
    const waitS = response.headers.get('retry-after')
    setNote(
      response.ok
        ? { text: `${id} is ordered.`, refused: false }
        : { text: `That was too many orders. The next one is taken in ${waitS} s.`, refused: true },
    )
    await refresh()
  }

  return (
    <>
      <Tallies status={status} />
      <p role="status" className={note?.refused ? 'note refused' : 'note'}>
        {note?.text ?? 'Nothing ordered yet.'}
      </p>
      <ul className="shelves">
        {ids.map((id) => (
          <li key={id} data-item={id}>
            <Looked id={id} look={looks[id]} />
            <div className="actions">
              <button type="button" onClick={() => look(id)}>
                Look
              </button>
              <button type="button" onClick={() => order(id)}>
                Order
              </button>
              <button type="button" className="quiet" onClick={() => evict(id)}>
                Evict
              </button>
            </div>
          </li>
        ))}
      </ul>
    </>
  )
}

const post = (path: string, body: unknown) =>
  fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
