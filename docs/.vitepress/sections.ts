import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** A heading of the side bar, with its pages in the order in which they are read. */
export interface Section {
  readonly title: string
  readonly pages: readonly string[]
  readonly isCollapsed?: boolean
}

const INSIDE: Section = {
  title: 'How it works inside',
  pages: [
    'architecture.md',
    'coherence.md',
    'simulation.md',
    'mutation.md',
    'redis-keyspace.md',
    'wire-format.md',
  ],
  isCollapsed: true,
}

const OWN: readonly Section[] = [
  {
    title: 'Start',
    pages: [
      'start.md',
      'installing.md',
      'options.md',
      'best-practices.md',
      'comparison.md',
      'what-it-does-not-do.md',
    ],
  },
  {
    title: 'Concepts',
    pages: [
      'contract.md',
      'loading.md',
      'tags.md',
      'tiers.md',
      'isolation.md',
      'serialization.md',
      'redis.md',
      'counters.md',
      'rate-limits.md',
      'locks.md',
      'memoize.md',
      'own-engine.md',
    ],
  },
  {
    title: 'Seeing it',
    pages: ['monitoring.md', 'analysis.md', 'audit.md', 'dashboard.md', 'exporters.md', 'cli.md'],
  },
  {
    title: 'Guides',
    pages: [
      'production.md',
      'sizing.md',
      'troubleshooting.md',
      'first-minute.md',
      'outage.md',
      'outages.md',
      'deploys.md',
      'tenants.md',
      'testing.md',
      'jobs.md',
      'security.md',
      'managed-services.md',
      'runtimes.md',
    ],
  },
  {
    title: 'Moving from another cache',
    pages: [
      'migration.md',
      'migration/ioredis.md',
      'migration/bentocache.md',
      'migration/cache-manager.md',
      'migration/node-cache.md',
      'migration/lru-cache.md',
    ],
  },
]

const listed = new Set([...OWN, INSIDE].flatMap(({ pages }) => pages))
const others = readdirSync(join(import.meta.dirname, '..')).filter(
  (name) => name.endsWith('.md') && name !== 'index.md' && !listed.has(name),
)

/** All pages of the site. A page that no section names is about an adapter. */
export const SECTIONS: readonly Section[] = [...OWN, { title: 'Adapters', pages: others.toSorted() }, INSIDE]
