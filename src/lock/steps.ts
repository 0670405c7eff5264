import type { AcquireAnswer, AtomicStep } from '../core/atomic-store.ts'

// For so long the last fencing number is kept after the last holding has ended, so that the next one is higher though
// the clock was set back meanwhile.
const FENCE_KEPT_MS = 600_000

interface Holding {
  readonly fence: number
  untilMs: number
}

interface LockState {
  fence: number
  readonly holdings: Map<string, Holding>
  /** Who waits, in the order of arrival, and until when the place is kept. */
  readonly queue: Map<string, number>
}

/** Gives a permit to who asks, if one is free and nobody has waited longer; else keeps the place in the queue. */
export const acquireStep: AtomicStep<'acquire'> = {
  name: 'acquire',
  run(before, { token, permits, ttlMs, queueMs }, { nowMs, wallMs }) {
    const state = stateOf(before, nowMs)
    const { holdings, queue } = state
    const mine = holdings.get(token)
    if (mine !== undefined) {
      mine.untilMs = nowMs + ttlMs
      return { answer: { fence: mine.fence }, next: kept(state, nowMs) }
    }
    const ahead = placeOf(token, queue)
    if (permits - holdings.size > ahead) {
      state.fence = Math.max(state.fence + 1, wallMs * 1000)
      queue.delete(token)
      holdings.set(token, { fence: state.fence, untilMs: nowMs + ttlMs })
      return { answer: { fence: state.fence }, next: kept(state, nowMs) }
    }
    if (queueMs > 0) queue.set(token, nowMs + queueMs)
    const ends = [...holdings.values()].map(({ untilMs }) => untilMs - nowMs)
    const answer: AcquireAnswer = { ahead, expiresInMs: ends.length === 0 ? 0 : Math.min(...ends) }
    return { answer, next: kept(state, nowMs) }
  },
}

/** Prolongs a holding from now on, if it is still held. */
export const renewStep: AtomicStep<'renew'> = {
  name: 'renew',
  run(before, { token, ttlMs }, { nowMs }) {
    const state = stateOf(before, nowMs)
    const mine = state.holdings.get(token)
    if (mine === undefined) return { answer: false }
    mine.untilMs = nowMs + ttlMs
    return { answer: true, next: kept(state, nowMs) }
  },
}

/** Ends a holding, or leaves the queue. */
export const releaseStep: AtomicStep<'release'> = {
  name: 'release',
  run(before, { token }, { nowMs }) {
    if (before === undefined) return { answer: false }
    const state = stateOf(before, nowMs)
    state.queue.delete(token)
    return { answer: state.holdings.delete(token), next: kept(state, nowMs) }
  },
}

/** The state without those whose time is over. */
function stateOf(before: object | undefined, nowMs: number): LockState {
  const state = (before as LockState | undefined) ?? { fence: 0, holdings: new Map(), queue: new Map() }
  for (const [token, { untilMs }] of state.holdings) if (untilMs <= nowMs) state.holdings.delete(token)
  for (const [token, untilMs] of state.queue) if (untilMs <= nowMs) state.queue.delete(token)
  return state
}

function placeOf(token: string, queue: ReadonlyMap<string, number>): number {
  let place = 0
  for (const waiting of queue.keys()) {
    if (waiting === token) return place
    place++
  }
  return place
}

function kept(state: LockState, nowMs: number): { readonly state: object; readonly ttlMs: number } {
  let untilMs = nowMs
  for (const holding of state.holdings.values()) untilMs = Math.max(untilMs, holding.untilMs)
  return { state, ttlMs: untilMs - nowMs + FENCE_KEPT_MS }
}
