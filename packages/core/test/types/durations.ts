// A span of time is a number of seconds, or a number with a unit.
import { Cached, cache, cached, limiter, RateLimited, withLock } from '@larder/core'

const load = async (id: string) => id

Cached('250ms')
Cached('30s', 'a')
Cached('1.5h', 'b')
Cached(300, 'c')
Cached({ ttl: '7d', nullTtl: '5m', budget: '50ms' })

// @ts-expect-error: a unit spelled out.
Cached('5 minutes')
// @ts-expect-error: a unit that there is not.
Cached('5w', 'a')
// @ts-expect-error: no number.
Cached('soon', 'a')
// @ts-expect-error: no ttl.
Cached({ prefix: 'a' })
// @ts-expect-error: a unit spelled out.
Cached({ ttl: '5 minutes' })
// @ts-expect-error: a unit spelled out.
Cached({ ttl: '5m', nullTtl: '1 minute' })
// @ts-expect-error: a ttl by the result has the same form.
Cached(() => '5 minutes', 'a')
// @ts-expect-error: a unit spelled out.
cached('5 minutes', 'a', load)
// @ts-expect-error: a unit spelled out.
RateLimited({ limit: 10, per: '1 second' })
// @ts-expect-error: a unit spelled out.
limiter({ prefix: 'a', limit: 10, per: '1 second' })
// @ts-expect-error: a unit spelled out.
withLock('a', load, { ttl: '1 minute' })
// @ts-expect-error: a unit spelled out.
withLock('a', { wait: '1 minute' })
// @ts-expect-error: a unit spelled out.
cache.set('a', 1, { ttl: '1 minute' })
