'use client'

import { useEffect, useState } from 'react'

/** What a look at an item brought. */
export interface Look {
  readonly item: { readonly name: string; readonly shelf: string; readonly pricePence: number; readonly left: number }
  readonly source: 'file' | 'larder' | 'larder, stale'
  /** How old the answer was when it came. */
  readonly ageMs: number
  readonly tookMs: number
  readonly seenAtMs: number
}

const WORDS = {
  file: 'read from the file',
  larder: 'from the larder',
  'larder, stale': 'from the larder, past its best',
}

/** One item: its price once it was looked up, where the answer came from and how old it is by now. */
export function Looked({ id, look }: { id: string; look: Look | undefined }) {
  const nowMs = useSeconds()
  if (!look) return <Card title={id} lines={['not looked up yet']} />
  const { item, source, ageMs, tookMs, seenAtMs } = look
  const ageS = Math.max(0, Math.round((ageMs + nowMs - seenAtMs) / 1000))
  return (
    <Card
      title={item.name}
      price={`£${(item.pricePence / 100).toFixed(2)}`}
      badge={{ text: WORDS[source], kind: source === 'file' ? 'miss' : source === 'larder' ? 'hit' : 'stale' }}
      lines={[`${item.left} left · ${item.shelf}`, `${ageS} s old · took ${tookMs} ms`]}
    />
  )
}

interface CardProps {
  readonly title: string
  readonly price?: string
  readonly badge?: { readonly text: string; readonly kind: string }
  readonly lines: readonly string[]
}

function Card({ title, price, badge, lines }: CardProps) {
  return (
    <div className="item">
      <h2>
        {title} {price && <span className="price">{price}</span>}
      </h2>
      {badge && <span className={`badge ${badge.kind}`}>{badge.text}</span>}
      {lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </div>
  )
}

/** The time, a second at a time. */
function useSeconds(): number {
  const [nowMs, setNowMs] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return nowMs
}
