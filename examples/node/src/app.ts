import { bus, createSessions, health, RateLimitedError, rateLimited, tooManyRequests } from '@larder/core'
import { type Context, Hono } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { board } from './board.js'

const COOKIE = 'session'
const sessions = createSessions<{ name: string }>({ ttl: '30m', lifetime: '12h' })
const whoIs = async (context: Context) => (await sessions.get(getCookie(context, COOKIE)))?.data.name

/** Twenty notices a minute from one author, on all instances together. */
const post = rateLimited(
  { prefix: 'post', limit: 20, per: '1m', by: (author: string) => author },
  (author: string, room: string, text: string) => board.post(room, author, text),
)

export const app = new Hono()

app.post('/login', async (context) => {
  const { name } = await context.req.json<{ name?: string }>()
  if (!name) return context.json({ error: 'say your name' }, 400)
  const id = await sessions.create({ name }, { user: name })
  setCookie(context, COOKIE, id, { httpOnly: true, sameSite: 'Lax', path: '/' })
  return context.json({ name })
})

app.post('/logout', async (context) => {
  await sessions.destroy(getCookie(context, COOKIE) ?? '')
  deleteCookie(context, COOKIE)
  return context.body(null, 204)
})

app.get('/me', async (context) => {
  const name = await whoIs(context)
  return name ? context.json({ name }) : context.json({ error: 'nobody is logged in' }, 401)
})

app.get('/rooms/:room', async (context) => {
  const notices = await board.notices(context.req.param('room'))
  return context.json({ notices, reads: board.reads })
})

app.post('/rooms/:room', async (context) => {
  const author = await whoIs(context)
  if (!author) return context.json({ error: 'log in first' }, 401)
  const { text } = await context.req.json<{ text: string }>()
  return context.json(await post(author, context.req.param('room'), text), 201)
})

/** A word to all rooms. */
app.post('/everybody', async (context) => {
  const author = await whoIs(context)
  if (!author) return context.json({ error: 'log in first' }, 401)
  const { text } = await context.req.json<{ text: string }>()
  await bus.publish('everybody', { author, text })
  return context.body(null, 202)
})

app.get('/health', async (context) => {
  const state = await health()
  return context.json(state, state.ok ? 200 : 503)
})

app.onError((error, context) => {
  if (error instanceof RateLimitedError) return tooManyRequests(error)
  console.error(error)
  return context.json({ error: 'it did not work' }, 500)
})
