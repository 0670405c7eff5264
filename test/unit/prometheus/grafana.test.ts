import { readFileSync } from 'node:fs'
import { MemoryCache } from 'cachette'
import { metricsText } from 'cachette/prometheus'
import { describe, expect, it } from 'vitest'
import { parse } from './parse.ts'

interface Dashboard {
  readonly panels: readonly {
    readonly id: number
    readonly title: string
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
    readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[]
  }[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] }
}

const text = readFileSync(new URL('../../../docs/grafana.json', import.meta.url), 'utf8')
const { panels, templating } = JSON.parse(text) as Dashboard
const queries = [
  ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ...templating.list.map(({ query }) => query).filter((query) => query !== 'prometheus'),
]
/** Labels that a scrape adds. */
const SCRAPED = new Set(['instance', 'job'])
/** The labels of metrics that a cache without a server does not have. */
const WITH_SERVER = [
  'cache_invalidation_lag_seconds',
  'cache_invalidation_queued',
  'cache_server_unavailable',
]
const EMPTY_WITHOUT_SERVER = [...WITH_SERVER, 'cache_invalidation_dropped_total']

/** Returns the labels of each metric that is exported. */
async function exported(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const cache = new MemoryCache({ name: 'users' })
  metricsText(cache)
  await cache.getOrSet('user:7', () => 'Ada')
  const { types, samples } = parse(metricsText(cache))
  const labels = new Map<string, Set<string>>()
  for (const name of EMPTY_WITHOUT_SERVER) if (types.has(name)) labels.set(name, new Set(['cache']))
  for (const { name, labels: own } of samples)
    labels.set(name, new Set([...(labels.get(name) ?? []), ...Object.keys(own)]))
  return labels
}

describe('docs/grafana.json', () => {
  it.each(queries)('asks for metrics and labels that are exported: %s', async (query) => {
    const known = await exported()
    const names = [...query.matchAll(/\bcache_[a-z0-9_]+/g)].map(([name]) => name)
    const selected = [...query.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label]) => label!)
    const grouped = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(/,\s*/))
    const asked = [...selected, ...grouped].filter((label) => !SCRAPED.has(label))

    expect(names.length).toBeGreaterThan(0)
    for (const name of names) {
      expect([...known.keys()]).toContain(name)
      expect([...known.get(name)!]).toEqual(expect.arrayContaining(asked))
    }
  })

  it('asks for all metrics', async () => {
    const names = [...(await exported()).keys()].map((name) => name.replace(/_(bucket|sum|count)$/, ''))

    expect(names.filter((name) => !queries.some((query) => query.includes(name)))).toEqual([])
  })

  it('asks for rates of counters, and never of gauges', async () => {
    const cache = new MemoryCache()
    const { types } = parse(metricsText(cache))
    for (const query of queries.filter((each) => !each.startsWith('label_values')))
      for (const [, call, name] of query.matchAll(/(?:(rate|increase)\()?(cache_[a-z0-9_]+)/g)) {
        const type = types.get(name!) ?? types.get(name!.replace(/_(bucket|sum|count)$/, ''))
        expect([name, call !== undefined]).toEqual([name, type !== 'gauge'])
      }
  })

  it('names labels in legends that its queries keep', () => {
    for (const { targets } of panels)
      for (const { expr, legendFormat } of targets)
        for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
          expect(expr).toMatch(new RegExp(`by \\([^)]*\\b${label}\\b`))
  })

  it('has panels that do not overlap', () => {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    )

    expect(new Set(cells).size).toBe(cells.length)
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBeLessThanOrEqual(24)
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  })
})
