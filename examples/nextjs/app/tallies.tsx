/** What `/api/status` answers. */
export interface Status {
  readonly hits: number
  readonly misses: number
  readonly quota: { readonly limit: number; readonly remaining: number; readonly resetMs: number }
  readonly store: { readonly shared: boolean; readonly ok: boolean }
  readonly instance: string
}

/** Hits, misses, what may still be ordered, and where all of it is kept. */
export function Tallies({ status }: { status: Status | undefined }) {
  const { hits, misses, quota, store } = status ?? {}
  const asked = (hits ?? 0) + (misses ?? 0)
  const share = asked ? Math.round((100 * (hits ?? 0)) / asked) : 0
  return (
    <dl className="tallies" data-ready={status !== undefined}>
      <Tally name="Hits" value={hits} more={`${share} % of ${asked}`} id="hits" />
      <Tally name="Misses" value={misses} more="went to the file" id="misses" />
      <Tally
        name="Orders left"
        value={quota && `${quota.remaining} of ${quota.limit}`}
        more={quota?.resetMs ? `all back in ${Math.ceil(quota.resetMs / 1000)} s` : 'this minute'}
        id="quota"
      />
      <Tally
        name="Kept in"
        value={store && (store.shared ? 'Redis' : 'memory')}
        more={store?.ok === false ? 'does not answer' : `instance ${status?.instance ?? '…'}`}
        id="store"
      />
    </dl>
  )
}

function Tally({ name, value = '…', more, id }: { name: string; value?: string | number; more: string; id: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <strong id={id}>{value}</strong>
        <small>{more}</small>
      </dd>
    </div>
  )
}
