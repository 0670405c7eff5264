import { queryLabel } from '../database/protocol.ts'
import type { QueryName } from '../database/protocol.ts'

/** The query behind a page, as a guide without a cache asks it. */
export interface PageQuery {
  readonly name: QueryName
  readonly args: readonly unknown[]
}

/** Returns the query of a page that a load opens; `undefined` for a page that is unknown. */
export function queryOfPage(path: string): PageQuery | undefined {
  const { pathname, searchParams } = new URL(path, 'http://guide')
  const [, kind, rest = ''] = pathname.split('/')
  const number = (name: string): number => Number(searchParams.get(name))
  if (kind === 'cities') return { name: 'city', args: [Number(rest)] }
  if (kind === 'countries') return { name: 'country', args: [rest, number('top')] }
  if (kind === 'nearest') return { name: 'nearest', args: [number('lat'), number('lon')] }
  if (kind === 'search') return { name: 'search', args: [searchParams.get('q')] }
  return kind === 'surprise' ? { name: 'random', args: [] } : undefined
}

/** Returns labels of single queries. A query for several cities is one for each of them. */
export function queryLabels({ name, args }: PageQuery): readonly string[] {
  if (name !== 'cities') return [queryLabel(name, args)]
  const [ids] = args as [readonly number[]]
  return ids.map((id) => queryLabel('city', [id]))
}
