import type { AnalysisSnapshot } from '../analysis/snapshot.ts'
import type { Health } from '../core/health.ts'

/** The number of the form. A process does not read those of other forms. */
const FORM = 1
/** The most characters of a text on the server. Families of less worth are left out beyond that. */
const MOST_CHARS = 32_768

/** The figures of a process, which the others show. */
export interface Summary {
  readonly form: number
  /** Random, for each cache of a process. */
  readonly id: string
  /** The name of the host and the number of the process. */
  readonly process: string
  /** The `name` of the cache. */
  readonly cache: string
  readonly status: Health['status']
  /** Of the reads since the dashboard was made. */
  readonly hits: number
  readonly misses: number
  readonly loads: number
  readonly syncAgeMs?: number
  /** The analysis, without keys. */
  readonly snapshot: AnalysisSnapshot
}

const NO_KEYS = { total: 0, hidden: 0, keys: [] }

/** Returns the text of a summary. Keys are left out, and families of less worth if it would be too long. */
export function summaryText(summary: Omit<Summary, 'form'>): string {
  const hot = { hits: NO_KEYS, bytes: NO_KEYS, loadMs: NO_KEYS }
  let { families } = summary.snapshot
  for (;;) {
    const snapshot = { ...summary.snapshot, families, hot, operations: {}, advice: [] }
    const text = JSON.stringify({ ...summary, form: FORM, snapshot })
    if (text.length <= MOST_CHARS || families.length === 0) return text
    families = families.slice(0, Math.floor(families.length / 2))
  }
}

/** Returns the summary of a text; `undefined` if it is none of this form. */
export function readSummary(text: string): Summary | undefined {
  try {
    const read = JSON.parse(text) as Partial<Summary> | null
    return read?.form === FORM && isComplete(read) ? read : undefined
  } catch {
    return undefined
  }
}

function isComplete(read: Partial<Summary>): read is Summary {
  const { id, process, cache, status, hits, misses, loads, snapshot } = read
  return (
    [id, process, cache, status].every((one) => typeof one === 'string') &&
    [hits, misses, loads].every((one) => typeof one === 'number') &&
    Array.isArray(snapshot?.families)
  )
}
