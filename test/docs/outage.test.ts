import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { render } from '../../bench/outage/main.ts'
import { runOutage, WAYS } from '../../bench/outage/outage.ts'
import { project } from './markdown.ts'

const read = (file: string): string => readFileSync(join(project, file), 'utf8')

it('docs/outage.md and its picture show what the script gives', async () => {
  const page = read('docs/outage.md')
  const rendered = await render(page)

  expect(rendered.page).toBe(page)
  expect(rendered.picture).toBe(read('docs/outage.svg'))
})

it('each feature helps in the outage as the page says', async () => {
  const outcomes = await Promise.all(WAYS.map(({ name, options }) => runOutage(name, options)))
  const [none, ttl, grace, timeouts, ahead] = outcomes

  expect(none!.failed).toBe(2000)
  expect(ttl!.queriesInOutage).toBeLessThan(none!.queriesInOutage / 4)
  expect(grace!.failed).toBeLessThan(ttl!.failed / 10)
  expect(timeouts!.slowestMs).toBeLessThanOrEqual(500)
  expect(grace!.staleBefore).toBeGreaterThan(50)
  expect(timeouts!.staleBefore).toBe(0)
  expect(ahead!.stale).toBeLessThan(timeouts!.stale)
})
