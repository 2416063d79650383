import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** The route of `docs/guides/sessions.md`, as it stands there, with a password of its own. */
async function loadRoute(): Promise<(request: Request) => Promise<Response>> {
  const guide = readFileSync(file('../../../../docs/guides/sessions.md'), 'utf8')
  const route = [...guide.matchAll(/```ts\n([\s\S]*?)```/g)]
    .map(([, code]) => code)
    .find((code) => code?.includes('handle'))
  const checkPassword = `
async function checkPassword(form: FormData): Promise<string | null> {
  return form.get('password') === 'secret' ? String(form.get('name')) : null
}`
  const { outputFiles } = await build({
    stdin: {
      contents: (route as string).replace(/declare function checkPassword.*/, checkPassword),
      resolveDir: file('.'),
      loader: 'ts',
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['superjson'],
    alias: { '@larder/core': file('../../src/index.ts'), '#platform': file('../../src/platform/node.ts') },
    write: false,
  })
  const source = Buffer.from(outputFiles[0]?.contents ?? []).toString('base64')
  return (await import(`data:text/javascript;base64,${source}`)).handle
}

test("the guide's route logs in, gives a new id, and logs out everywhere", async () => {
  const handle = await loadRoute()
  const get = (path: string, cookie = '') => handle(new Request(`https://shop.example${path}`, { headers: { cookie } }))
  const login = (name: string, password: string, cookie = '') => {
    const body = new URLSearchParams({ name, password })
    return handle(new Request('https://shop.example/login', { method: 'POST', body, headers: { cookie } }))
  }
  const cookieOf = (response: Response) => response.headers.get('Set-Cookie')?.split(';')[0] as string

  expect((await get('/')).status).toBe(401)
  expect((await login('ada', 'wrong')).status).toBe(401)
  const first = await login('ada', 'secret')
  expect(first.headers.get('Set-Cookie')).toMatch(/^__Host-session=[\w.-]+; Path=\/; Secure; HttpOnly; SameSite=Lax/)
  const phone = cookieOf(first)
  expect(await (await get('/', `theme=dark; ${phone}`)).text()).toBe('Hello ada')

  const again = cookieOf(await login('ada', 'secret', phone))
  expect(again).not.toBe(phone)
  expect((await get('/', phone)).status).toBe(401)

  const laptop = cookieOf(await login('ada', 'secret'))
  expect((await get('/logout-everywhere', laptop)).status).toBe(303)
  for (const cookie of [again, laptop]) expect((await get('/', cookie)).status).toBe(401)
})
