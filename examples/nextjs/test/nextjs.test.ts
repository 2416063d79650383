import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../../../packages/adapters/test/support/redis-server'
import { build, type Instance, start } from './next-app'
import { copyStock } from './stock-file'

const json = async (url: string, init?: RequestInit) => (await fetch(url, init)).json()
const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
const until = async (what: string, holds: () => Promise<boolean>) => {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 50) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

describe.each(['legacy', 'standard'] as const)('built with %s decorators', (dialect) => {
  let app: Instance
  beforeAll(async () => {
    await build(dialect)
    app = await start(dialect)
  }, 180_000)
  afterAll(() => app?.stop())

  it('reads an item once, and serves it with its Date from then on', async () => {
    const first = await json(`${app.url}/api/items/butter`)
    const second = await json(`${app.url}/api/items/butter`)
    expect(first.source).toBe('file')
    expect(second.source).toBe('larder')
    expect(second.item).toEqual(first.item)
  })

  it('keeps an absent item out without a fault', async () => {
    expect((await fetch(`${app.url}/api/items/unicorn`)).status).toBe(404)
  })

  it('answers on the edge runtime too, with what was settled first', async () => {
    const deal = await json(`${app.url}/api/deal`)
    expect(deal.id).toEqual(expect.any(String))
    expect(await json(`${app.url}/api/deal`)).toEqual(deal)
  })

  it('takes five orders a minute from a visitor, then says when the next one will do', async () => {
    const order = () => post(`${app.url}/api/orders`, { id: 'ham' }, { cookie: `visitor=${dialect}` })
    const answers = []
    for (let n = 0; n < 6; n++) answers.push(await order())

    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 429])
    const refusal = answers[5] as Response
    expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(refusal.headers.get('content-type')).toBe('application/problem+json')
    const { quota } = await json(`${app.url}/api/status`, { headers: { cookie: `visitor=${dialect}` } })
    expect(quota).toMatchObject({ limit: 5, remaining: 0 })
  })
})

describe('two instances on one Redis', () => {
  let redis: RedisServer
  let instances: [Instance, Instance]
  const stock = copyStock()
  beforeAll(async () => {
    redis = await startRedis()
    const env = { REDIS_URL: redis.url, STOCK_FILE: stock.path, STOCK_FRESH_S: '1' }
    instances = [await start('legacy', env), await start('legacy', env)]
  }, 60_000)
  afterAll(async () => {
    for (const instance of instances ?? []) await instance.stop()
    await redis?.stop()
    stock.remove()
  })

  it('share what one of them has read', async () => {
    const [a, b] = instances
    const first = await json(`${a.url}/api/items/cheddar`)
    const second = await json(`${b.url}/api/items/cheddar`)
    expect(second.item.readAt).toBe(first.item.readAt)
  })

  it('see an eviction through the other on the next request', async () => {
    const [a, b] = instances
    for (const { url } of instances) await json(`${url}/api/items/honey`)
    stock.setPrice('honey', 700)
    expect((await post(`${a.url}/api/purge`, { id: 'honey' })).status).toBe(200)
    for (const { url } of [b, a]) expect((await json(`${url}/api/items/honey`)).item.pricePence).toBe(700)
  })

  it('serve a stale item at once, and refresh it behind the answer', async () => {
    const [a, b] = instances
    const before = await json(`${a.url}/api/items/pickle`)
    stock.setPrice('pickle', 210)
    await until('stale', async () => {
      const { source, item } = await json(`${a.url}/api/items/pickle`)
      return source === 'larder, stale' && item.pricePence === before.item.pricePence
    })
    await until('refreshed', async () => (await json(`${b.url}/api/items/pickle`)).item.pricePence === 210)
  })

  it('go on while Redis is away, and say so', async () => {
    const [a] = instances
    redis.pause()
    expect((await json(`${a.url}/api/items/ham`)).item.name).toBe('Ham, smoked')
    redis.resume()
    await until('well again', async () => (await json(`${a.url}/api/status`)).store.ok)
  })

  it('write no error', () => {
    for (const instance of instances) expect(instance.output()).not.toMatch(/error|unhandled/i)
  })
})

describe('the page, in a browser', () => {
  let app: Instance
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    const { findChromium } = (await import('../../../scripts/find-chromium.mjs' as string)) as {
      findChromium(): string
    }
    app = await start('legacy')
    browser = await chromium.launch({
      executablePath: findChromium(),
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
    })
    page = await browser.newPage()
  }, 300_000)
  afterAll(async () => {
    await browser?.close()
    await app?.stop()
  })

  // biome-ignore lint/performance/useDomNodeTextContent: as a person sees it.
  const text = (selector: string) => page.locator(selector).innerText()
  const click = async (id: string, button: string) => {
    const answered = page.waitForResponse((response) => /\/api\/(status|purge)/.test(response.url()))
    await page.locator(`[data-item=${id}]`).getByRole('button', { name: button }).click()
    await answered
  }

  it('counts a visit right: one miss and two hits for three looks, and another miss after an eviction', async () => {
    await page.goto(app.url)
    await page.locator('[data-ready=true]').waitFor()
    const [hits, misses] = [Number(await text('#hits')), Number(await text('#misses'))]

    for (let n = 0; n < 3; n++) await click('honey', 'Look')
    await expect.poll(() => text('#hits')).toBe(`${hits + 2}`)
    await expect.poll(() => text('#misses')).toBe(`${misses + 1}`)
    await expect.poll(() => text('[data-item=honey] .badge')).toBe('from the larder')
    expect(await text('[data-item=honey]')).toMatch(/£6\.50[\s\S]*4 left · jars[\s\S]*\d s old · took \d+ ms/)

    await click('honey', 'Evict')
    await click('honey', 'Look')
    await expect.poll(() => text('#misses')).toBe(`${misses + 2}`)
    await expect.poll(() => text('[data-item=honey] .badge')).toBe('read from the file')
  })

  it('shows what may still be ordered, and a refusal when nothing may', async () => {
    expect(await text('#quota')).toBe('5 of 5')
    for (let left = 4; left >= 0; left--) {
      await click('ham', 'Order')
      await expect.poll(() => text('#quota')).toBe(`${left} of 5`)
    }
    await click('ham', 'Order')
    await expect
      .poll(() => text('[role=status]'))
      .toMatch(/^That was too many orders\. The next one is taken in \d+ s\.$/)
  })

  it.each([
    ['phone', 390, 844],
    ['desk', 1280, 800],
  ])('fits a %s without scrolling sideways', async (name, width, height) => {
    await page.setViewportSize({ width, height })
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    expect(overflow).toBeLessThanOrEqual(0)
    if (process.env.SCREENSHOTS)
      await page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}.png`, fullPage: true })
  })
})
