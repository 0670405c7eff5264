import { percentile } from '../load/waits.ts'
import type { Percentile } from '../load/waits.ts'
import { overlap, uncovered } from './spans.ts'
import type { Span } from './spans.ts'
import type { TimedQuery, Watched } from './watch.ts'

/** An answer of a load, with all that its page may have asked of the database. */
export interface TimedAnswer extends TimedQuery {
  /** The URL of the process that gave it. */
  readonly url: string
}

/** The answers of a load, and when the load itself stood still. */
export interface Timeline {
  readonly answers: readonly TimedAnswer[]
  readonly stalls: readonly Span[]
}

/** The cost of an outage of Redis for visitors. */
export interface OutageCost {
  /** Answers that were due or under way between the beginning of the outage and normal service. */
  readonly answers: number
  readonly p50: Percentile | undefined
  readonly p99: Percentile | undefined
  /**
   * The longest wait for Redis: that of an answer, less the time in which its queries were with the database or a
   * thread that it needs stood still.
   */
  readonly longestMs: number
}

/** Judges the answers of an outage. `watched` has the notes of each process, by its URL. */
export function costOfOutage(
  { answers, stalls }: Timeline,
  watched: ReadonlyMap<string, Watched>,
  outage: Span,
): OutageCost {
  const affected = answers.filter((answer) => overlap(answer, outage))
  const waits = affected.map(({ fromMs, toMs }) => ({ ms: toMs - fromMs, answered: true }))
  // A process may wait for the load of another one.
  const queries = byLabel([...watched.values()].flatMap((one) => one.queries))
  const redisMs = affected.map((answer) => {
    const asked = answer.labels.flatMap((label) => queries.get(label) ?? [])
    return uncovered(answer, [...asked, ...stalls, ...(watched.get(answer.url)?.stalls ?? [])])
  })
  return {
    answers: affected.length,
    p50: percentile(waits, 0.5),
    p99: percentile(waits, 0.99),
    longestMs: redisMs.reduce((most, ms) => Math.max(most, ms), 0),
  }
}

function byLabel(queries: readonly TimedQuery[]): ReadonlyMap<string, readonly Span[]> {
  const spans = new Map<string, Span[]>()
  for (const query of queries)
    for (const label of query.labels) {
      const known = spans.get(label)
      if (known === undefined) spans.set(label, [query])
      else known.push(query)
    }
  return spans
}
