import type { BaseCache } from 'cachette'
import type { Cities } from './cities.ts'
import { guideRoutes } from './routes.ts'
import type { Route } from './routes.ts'
import { startService } from './service.ts'
import type { Service } from './service.ts'
import { VisitorLimit } from './visitor-limit.ts'

/** The city guide on HTTP: pages from `cities`, counters of visitors in `cache`, and further pages. */
export function startGuide(
  cities: Cities,
  cache: BaseCache,
  port?: number,
  more: readonly Route[] = [],
): Promise<Service> {
  const surprises = new VisitorLimit(cache, { limit: 20, window: '10s' })
  return startService([...guideRoutes(cities, surprises), ...more], port)
}
