/** The HTML report as a reader sees it: Chromium, offline, wide and narrow. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { renderHtml } from '../../reports/html.js'
import { sample } from '../../reports/testdata/sample.js'

let browser: Browser
let folder: string
let file: string
const noise: string[] = []

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  folder = await mkdtemp(path.join(tmpdir(), 'ztos-report-'))
  file = path.join(folder, 'report.html')
  await writeFile(file, renderHtml(sample))
})
afterAll(async () => {
  await browser.close()
  await rm(folder, { recursive: true, force: true })
})

async function open(width: number): Promise<Page> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, offline: true })
  const page = await context.newPage()
  page.on('console', (message) => noise.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => noise.push(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith('file:') && !request.url().startsWith('data:'))
      noise.push(`loads ${request.url()}`)
  })
  await page.goto(pathToFileURL(file).href)
  return page
}

/** In the page: what is asked of each element that says a judgement. */
interface Said {
  readonly verdict: string
  readonly by: string
  readonly judgement: string
  readonly text: string
  readonly visible: boolean
}

describe('[T10] the report in a browser', () => {
  test.each([390, 1280])(
    "at %i px every verdict in the page equals the record's, and can be read",
    async (width) => {
      const page = await open(width)
      const cells = page.locator('[data-verdict]')
      const said: Said[] = []
      for (const cell of await cells.all()) {
        said.push({
          verdict: (await cell.getAttribute('data-verdict')) ?? '',
          by: (await cell.getAttribute('data-by')) ?? '',
          judgement: (await cell.getAttribute('data-judgement')) ?? '',
          text: await cell.locator('.badge').innerText(),
          visible: await cell.locator('.badge').isVisible(),
        })
      }
      const expected = sample.verification.verdicts.flatMap(({ name, combined, verdicts }) => [
        ...verdicts.map(({ by, judgement }) => ({
          verdict: name,
          by,
          judgement,
          text: judgement,
          visible: true,
        })),
        { verdict: name, by: 'combined', judgement: combined, text: combined, visible: true },
      ])
      expect(said).toHaveLength(expected.length)
      expect(said).toEqual(expect.arrayContaining(expected))

      const sideways = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      )
      expect(sideways, 'the page itself does not scroll sideways').toBeLessThanOrEqual(0)
      const narrowest = await page.evaluate(
        'Math.min(...[...document.querySelectorAll("td, th")].filter((cell) => cell.offsetParent !== null && cell.innerText.length > 3).map((cell) => cell.offsetWidth))',
      )
      expect(narrowest, 'no cell is squeezed into a column of letters').toBeGreaterThanOrEqual(36)
      expect(await page.locator('svg.topology .node').count()).toBe(4)
      expect(noise).toEqual([])
      await page.context().close()
    },
  )

  test('text from outside stays text', async () => {
    const page = await open(1280)
    expect(await page.locator('img').count()).toBe(0)
    expect(await page.locator('summary', { hasText: 'onerror' }).count()).toBeGreaterThan(0)
    await page.context().close()
  })
})
