// Plays one trouble with one client library, and compares the outcome with the promises.
import { Peer } from '../../support/peer.ts'
import type { ClientName } from '../native-clients.ts'
import type { Scenario } from './scenarios.ts'
import type * as Subject from './subject.ts'
import type { Measured, Operation } from './subject.ts'

const OPERATIONS: readonly Operation[] = ['get', 'set', 'getOrSet', 'increment']

/** The hard deadline, and the slack on top of it once measured lag is subtracted. */
export const DEADLINE_MS = 500
export const SLACK_MS = 50
const MOST_MS: Record<Operation, number> = {
  get: DEADLINE_MS + SLACK_MS,
  set: DEADLINE_MS + SLACK_MS,
  // Reading and asking for the lease share one deadline, and storing has its own.
  getOrSet: 2 * DEADLINE_MS + SLACK_MS,
  increment: DEADLINE_MS + SLACK_MS,
}
const MOST_CPU_US = 50
const MOST_RECOVERY_MS = 60_000

export interface Outage {
  readonly scenario: string
  readonly client: ClientName
  readonly measured: Readonly<Record<Operation, Measured>>
  /** CPU time of a `get` once the trouble is known, in microseconds. */
  readonly cpuUs: number
  /** Time from the end of the trouble (from its beginning, if it ends by itself) until all four operations work. */
  readonly recoveryMs: number
  readonly loggedLines: number
  /** Breaches of promises. */
  readonly breaches: readonly string[]
}

/** Plays the scenario from beginning to end. */
export async function playOutage(scenario: Scenario, client: ClientName): Promise<Outage> {
  await using stage = await scenario.start()
  await using service = new Peer<typeof Subject>(new URL('subject.ts', import.meta.url))
  const { isQuiet = false } = scenario
  await service.call.open(client, stage.url, { isQuiet, away: stage.away, login: stage.login })
  if (stage.worksFirst) await service.call.warmUp()
  const began = performance.now()
  await stage.begin()
  const results = await Promise.all(OPERATIONS.map(async (operation) => service.call.measure(operation)))
  const measured = Object.fromEntries(
    OPERATIONS.map((operation, index) => [operation, results[index]]),
  ) as Outage['measured']
  const cpuUs = await service.call.cpuOf('get')
  await stage.end()
  if (stage.newPassword !== undefined) await service.call.logInWith(stage.newPassword)
  const recoveryBegan = scenario.endsByItself === true ? began : performance.now()
  const recovery = Promise.all(OPERATIONS.map(async (operation) => service.call.recover(operation)))
  const recovered = await within(MOST_RECOVERY_MS, recovery)
  const recoveryMs = performance.now() - recoveryBegan
  const loggedLines = await service.call.logged()
  await service.call.close()
  const exitCode = await service.end()
  const outage = { scenario: scenario.name, client, measured, cpuUs, recoveryMs, loggedLines }
  return { ...outage, breaches: breachesOf(outage, scenario, recovered, exitCode) }
}

async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false)
  })
  const result = await Promise.race([promise.then(() => true), timeout])
  clearTimeout(timer)
  return result
}

function breachesOf(
  { measured, cpuUs }: Omit<Outage, 'breaches'>,
  scenario: Scenario,
  recovered: boolean,
  exitCode: number | null,
): string[] {
  const breaches: string[] = []
  for (const operation of OPERATIONS) {
    const { worstMs, rejected, first, hundredth } = measured[operation]
    if (worstMs > Math.min(MOST_MS[operation], scenario.mostMs ?? Infinity))
      breaches.push(`${operation} took ${worstMs.toFixed(0)} ms`)
    if (rejected > 0) breaches.push(`${operation} rejected ${rejected} times`)
    const expected = expectedResults(operation, scenario)
    for (const { result } of [first, hundredth]) {
      if (expected !== undefined && !expected.test(result)) breaches.push(`${operation} answered ${result}`)
    }
  }
  if (scenario.silent && cpuUs > MOST_CPU_US) breaches.push(`get cost ${cpuUs.toFixed(0)} us of CPU`)
  if (!recovered) breaches.push('no normal service afterwards')
  if (exitCode !== 0) breaches.push(`the process ended with exit code ${exitCode}`)
  return breaches
}

/** Returns the possible answers of a call; `undefined` if it depends on the moment at which the trouble ends. */
function expectedResults(
  operation: Operation,
  { silent, harmless, endsByItself }: Scenario,
): RegExp | undefined {
  if (operation === 'getOrSet') return /^from the loader$/
  if (harmless === true) return { get: /^stored before \d+$/, set: /^true$/, increment: /^\d+$/ }[operation]
  if (silent) return { get: /^undefined$/, set: /^false$/, increment: /^undefined$/ }[operation]
  if (endsByItself === true) return undefined
  return { get: /^stored before \d+$/, set: /^false$/, increment: /^undefined$/ }[operation]
}
