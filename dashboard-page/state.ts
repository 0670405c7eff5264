import type { CacheFigures, DashboardFigures, TimelineEvent } from '../src/dashboard/figures.ts'

const KEPT_FRAMES = 120
const KEPT_EVENTS = 500

/** The figures that the chart of the last minutes shows. */
export interface Moment {
  readonly at: number
  readonly hits: number
  readonly misses: number
  readonly loads: number
  /** The reads by family. */
  readonly reads: Readonly<Record<string, number>>
}

/** The state of the page. `draw` shows it. */
export const state: {
  figures: DashboardFigures | undefined
  cache: string
  isLive: boolean
  readonly moments: Map<string, Moment[]>
  readonly events: Map<number, TimelineEvent>
} = { figures: undefined, cache: '0', isLive: false, moments: new Map(), events: new Map() }

/** Takes in a frame. */
export function take(frame: DashboardFigures): void {
  // A server that has begun anew numbers its events anew.
  if (state.figures !== undefined && state.figures.since !== frame.since) {
    state.events.clear()
    state.moments.clear()
  }
  state.figures = frame
  for (const event of frame.timeline) state.events.set(event.id, event)
  for (const id of state.events.keys()) {
    if (state.events.size <= KEPT_EVENTS) break
    state.events.delete(id)
  }
  for (const { id, stats, families } of frame.caches) {
    const moments = state.moments.get(id) ?? []
    const { hits, misses, loads } = stats
    const reads = Object.fromEntries(families.map((one) => [one.family, one.reads]))
    moments.push({ at: frame.at, hits, misses, loads, reads })
    if (moments.length > KEPT_FRAMES) moments.shift()
    state.moments.set(id, moments)
  }
}

/** Returns the cache that is shown. */
export function shown(): CacheFigures | undefined {
  const caches = state.figures?.caches ?? []
  return caches.find(({ id }) => id === state.cache) ?? caches[0]
}

/** Asks the server for an action. Returns its answer, or the reason against it as `error`. */
export async function ask(action: string, body: object): Promise<Record<string, unknown>> {
  try {
    const response = await fetch(`${base}/${action}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ cache: shown()?.id ?? '0', ...body }),
    })
    return (await response.json()) as Record<string, unknown>
  } catch {
    return { error: 'the service does not answer' }
  }
}

/** The path of the page, however it is mounted. */
export const base: string = location.pathname.replace(/\/$/, '')
