import type { BusState, Health, ServerHealth, StoreHealth } from '../../core/health.ts'

const AWAY = new Set(['lost', 'silent', 'denied'])

const BUS: Readonly<Record<Exclude<BusState, 'connected'>, string>> = {
  lost: 'the bus is not connected',
  refused: 'the server does not let this process subscribe to the bus or publish',
  silent: 'the bus is connected and brings no messages',
  shared: 'another cache uses the same bus',
}

type Verdict = Pick<Health, 'status' | 'reason'>

/** Returns the health of a cache by what its store knows at this moment. */
export function healthOf(cache: string, store: StoreHealth, isClosed: boolean): Health {
  const { servers, host } = store
  const breaker = servers.some((one) => one.breaker === 'open') ? 'open' : 'closed'
  return {
    cache,
    ...(isClosed ? down('the cache is closed') : verdictOf(store)),
    ...store,
    connected: host === undefined ? undefined : servers.length > 0 && !servers.some(isAway),
    breaker: host === undefined ? undefined : breaker,
  }
}

function verdictOf(store: StoreHealth): Verdict {
  const { servers, host, syncAgeMs = 0, queued, policy, bus } = store
  if (host === undefined) return ok('the cache is in the memory of this process')
  const waiting = queued === 0 ? '' : `; ${counted(queued)} for the server`
  const away = servers.filter(isAway)
  if (away.length > 0) return awayVerdict(store, away, waiting)
  if (servers.length === 0) return degraded(`${host} is not connected yet${waiting}`)
  const silent = servers.find(({ unanswered }) => unanswered)
  if (silent !== undefined) return degraded(`${silent.node} has not answered the last call in time${waiting}`)
  const refusing = servers.find(({ state }) => state === 'refusing')
  if (refusing !== undefined)
    return degraded(`${refusing.node} refuses commands: ${refusing.error ?? 'no reason is known'}${waiting}`)
  if (policy !== undefined && syncAgeMs > policy.maxLagMs)
    return degraded(`this process is behind: it last knew all changes ${seconds(syncAgeMs)} ago${waiting}`)
  if (bus !== undefined && bus !== 'connected')
    return degraded(`${BUS[bus]}; changes by other processes arrive with the heartbeat alone${waiting}`)
  if (queued > 0) return degraded(`${counted(queued)} for the server, which is connected`)
  return ok(`${host} is connected and answers`)
}

function awayVerdict(
  { servers, engine, syncAgeMs, policy }: StoreHealth,
  away: readonly ServerHealth[],
  waiting: string,
): Verdict {
  const told = away.map((one) => `${one.node} ${toldOf(one)}`).join('; ')
  if (away.length < servers.length) return degraded(`${told}; the other servers answer${waiting}`)
  if (engine !== 'tiered' || policy === undefined)
    return down(`${told}; each read is a miss, and each getOrSet loads${waiting}`)
  const boundMs = policy.name === 'strict' ? policy.maxLagMs : policy.maxStaleMs
  if (syncAgeMs === undefined) return degraded(`${told}; the memory of this process is empty${waiting}`)
  if (syncAgeMs > boundMs)
    return down(
      `${told}; the memory of this process is too old under the policy '${policy.name}', so each read is a miss${waiting}`,
    )
  const leftMs = boundMs - syncAgeMs
  return degraded(
    `${told}; under the policy '${policy.name}' the memory of this process serves for ${seconds(leftMs)} more${waiting}`,
  )
}

function toldOf({ state, error }: ServerHealth): string {
  if (state === 'denied') return 'refuses the login; check user name and password'
  if (state === 'silent') return 'does not answer, and is not asked for now'
  return error === undefined ? 'is not connected' : `is not connected: ${error}`
}

function isAway({ state }: ServerHealth): boolean {
  return AWAY.has(state)
}

function counted(queued: number): string {
  return queued === 1 ? '1 invalidation waits' : `${queued} invalidations wait`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function ok(reason: string): Verdict {
  return { status: 'ok', reason }
}

function degraded(reason: string): Verdict {
  return { status: 'degraded', reason }
}

function down(reason: string): Verdict {
  return { status: 'down', reason }
}
