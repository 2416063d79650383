import { cookies } from 'next/headers'

const COOKIE = 'visitor'

/** Who asks, by a cookie that is given on the first visit. */
export async function visitor(): Promise<string> {
  const jar = await cookies()
  const known = jar.get(COOKIE)?.value
  if (known) return known
  const id = crypto.randomUUID()
  jar.set(COOKIE, id, { httpOnly: true, sameSite: 'lax' })
  return id
}
