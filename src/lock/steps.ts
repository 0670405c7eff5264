import type { AtomicStep, NextState } from '../core/atomic-store.ts'

interface Holding {
  readonly fence: number
  readonly untilMs: number
}

interface LockState {
  readonly holdings: Map<string, Holding>
  /** A time before which no holding ends, so that none is looked for until then. */
  firstEndMs: number
  /** A time after which no holding ends. */
  lastEndMs: number
  /** The places of the waiting askers, in the order of arrival, with the end of each. */
  readonly queue: Map<string, number>
}

/** Gives free permits, except those for askers that have waited longer. Keeps the place of an asker that wants more. */
export const acquireStep: AtomicStep<'acquire'> = {
  name: 'acquire',
  run(before, { wanted, permits, place, placeMs, more }, { nowMs, nextFence }) {
    const state = stateOf(before, nowMs)
    const { holdings, queue } = state
    const ahead = aheadOf(place, queue)
    const held = holdings.size
    const fences = wanted.map(({ token, ttlMs }) => {
      const mine = holdings.get(token)
      if (mine === undefined && permits - holdings.size <= ahead) return 0
      return hold(state, token, mine?.fence ?? nextFence(), nowMs + ttlMs)
    })
    if (place !== undefined) {
      if (holdings.size > held) queue.delete(place)
      if (more || fences.includes(0)) queue.set(place, nowMs + placeMs)
      else queue.delete(place)
    }
    const expiresInMs = holdings.size === 0 ? 0 : state.firstEndMs - nowMs
    return { answer: { fences, ahead: aheadOf(place, queue), expiresInMs }, next: kept(state, nowMs) }
  },
}

/** Prolongs a holding from now on, if it is still held. */
export const renewStep: AtomicStep<'renew'> = {
  name: 'renew',
  run(before, { token, ttlMs }, { nowMs }) {
    const state = stateOf(before, nowMs)
    const mine = state.holdings.get(token)
    if (mine === undefined) return { answer: false }
    hold(state, token, mine.fence, nowMs + ttlMs)
    return { answer: true, next: kept(state, nowMs) }
  },
}

/** Ends a holding, or gives up a place in the queue. */
export const releaseStep: AtomicStep<'release'> = {
  name: 'release',
  run(before, { token }, { nowMs }) {
    if (before === undefined) return { answer: false }
    const state = stateOf(before, nowMs)
    state.queue.delete(token)
    return { answer: state.holdings.delete(token), next: kept(state, nowMs) }
  },
}

function hold(state: LockState, token: string, fence: number, untilMs: number): number {
  state.holdings.set(token, { fence, untilMs })
  state.firstEndMs = Math.min(state.firstEndMs, untilMs)
  state.lastEndMs = Math.max(state.lastEndMs, untilMs)
  return fence
}

/** Returns the state without ended holdings and places. */
function stateOf(before: object | undefined, nowMs: number): LockState {
  const state = (before as LockState | undefined) ?? {
    holdings: new Map(),
    firstEndMs: Infinity,
    lastEndMs: 0,
    queue: new Map(),
  }
  const { holdings, queue } = state
  for (const [place, untilMs] of queue) if (untilMs <= nowMs) queue.delete(place)
  if (state.firstEndMs > nowMs) return state
  state.firstEndMs = Infinity
  for (const [token, { untilMs }] of holdings) {
    if (untilMs <= nowMs) holdings.delete(token)
    else state.firstEndMs = Math.min(state.firstEndMs, untilMs)
  }
  return state
}

function aheadOf(place: string | undefined, queue: ReadonlyMap<string, number>): number {
  let ahead = 0
  for (const other of queue.keys()) {
    if (other === place) break
    ahead++
  }
  return ahead
}

function kept(state: LockState, nowMs: number): NextState | 'none' {
  const { holdings, queue } = state
  if (holdings.size === 0 && queue.size === 0) return 'none'
  let untilMs = holdings.size === 0 ? nowMs : state.lastEndMs
  for (const placeUntilMs of queue.values()) untilMs = Math.max(untilMs, placeUntilMs)
  return { state, ttlMs: untilMs - nowMs }
}
