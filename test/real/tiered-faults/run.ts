// Plays a fault: three nodes under traffic before, during and after it, and the state when all is quiet.
import { setTimeout as sleep } from 'node:timers/promises'
import { SeededRandom } from '../../../src/testing/random.ts'
import type { Policy } from '../../../src/coherence/settings.ts'
import { Peer } from '../../support/peer.ts'
import { sharedNow } from '../../support/peer-side.ts'
import { until } from '../../support/until.ts'
import type { ClientName } from '../native-clients.ts'
import type { Fault, Stage } from './faults.ts'
import { judge, type Verdict } from './judge.ts'
import type * as Node from './node.ts'
import {
  NODES,
  ROWS,
  type Answer,
  type Handed,
  type NodeHistory,
  type NodeSettings,
  type Pace,
  type Query,
} from './scheme.ts'

const CLIENTS: readonly ClientName[] = ['node-redis 6', 'ioredis 5']

export interface Timing {
  readonly pace: Pace
  readonly beforeMs: number
  readonly faultMs: number
}

export interface Played extends Verdict {
  readonly fault: string
  readonly policy: Policy
  readonly losesHistory: boolean
  readonly pace: Pace
  /**
   * Time from the end of the fault (of a failover: from the promotion) until two events. Each node has had an
   * invalidation acknowledged, and the last read that was notably behind is over.
   */
  readonly convergedMs: number
  readonly rejections: readonly string[]
}

/** Serves as the database. A write raises the version at once, and a read is under way for up to four milliseconds. */
function serve(peers: readonly Peer<typeof Node>[], versions: number[], random: () => number): void {
  for (const [node, peer] of peers.entries()) {
    peer.onEvent = (event) => {
      const asked = event as Query | Handed
      if ('token' in asked) {
        peers[(node + 1 + Math.floor(random() * (NODES - 1))) % NODES]!.tell(asked)
        return
      }
      const { id, ask, row } = asked
      if (ask === 'write') versions[row]! += 1
      const answer: Answer = { id, version: versions[row]! }
      if (ask === 'write') peer.tell(answer)
      else void sleep(random() * 4).then(() => peer.tell(answer))
    }
  }
}

/** Returns the faults that remain after a while without writes. */
async function lookAtRest(
  peers: readonly Peer<typeof Node>[],
  versions: readonly number[],
  quietMs: number,
): Promise<Record<string, number>> {
  const wrong: Record<string, number> = {}
  const sum = (figures: readonly number[]): number => figures.reduce((total, figure) => total + figure, 0)
  await until(
    'nothing to be under way',
    async () => sum(await Promise.all(peers.map(async (peer) => peer.call.pending()))) === 0,
    { timeoutMs: 10_000, everyMs: 50 },
  ).catch(() => {
    wrong['I13'] = 1
  })
  await sleep(quietMs)
  for (const peer of peers) {
    for (const [row, version] of (await peer.call.served()).entries()) {
      if (version !== 0 && version !== versions[row]) wrong['I14'] = (wrong['I14'] ?? 0) + 1
    }
  }
  return wrong
}

function convergence(histories: readonly NodeHistory[], endedAtMs: number, lastBehindAtMs: number): number {
  const firsts = histories.map(({ invalidations }) => {
    const first = invalidations.find(({ atMs, isAcknowledged }) => isAcknowledged && atMs >= endedAtMs)
    return first?.atMs ?? Infinity
  })
  return Math.max(...firsts, lastBehindAtMs) - endedAtMs
}

async function openNodes(
  stage: Stage,
  settings: Pick<NodeSettings, 'policy' | 'opensConnections' | 'pace'>,
  round: number,
  seed: number,
): Promise<Peer<typeof Node>[]> {
  const peers = Array.from(
    { length: NODES },
    () => new Peer<typeof Node>(new URL('node.ts', import.meta.url)),
  )
  await Promise.all(
    peers.map(async (peer, node) => {
      const url = stage.urlOf?.(node) ?? stage.url
      const client = CLIENTS[(node + round) % CLIENTS.length]!
      await peer.call.open({ ...settings, node, client, url, busUrl: stage.busUrl, seed: seed + node + 1 })
    }),
  )
  return peers
}

/** Plays a fault. `round` decides the client library of each node. */
export async function playFault(
  fault: Fault,
  policy: Policy,
  { pace, beforeMs, faultMs }: Timing,
  round: number,
  seed: number,
): Promise<Played> {
  await using stage = await fault.start()
  const { opensConnections = false } = fault
  const peers = await openNodes(stage, { policy, opensConnections, pace }, round, seed)
  try {
    const versions = Array.from({ length: ROWS }, () => 1)
    serve(peers, versions, new SeededRandom(seed).next)
    await Promise.all(peers.map(async (peer) => peer.call.start()))
    await sleep(beforeMs)
    const fromMs = sharedNow()
    await stage.begin()
    await sleep(fault.isOverAtOnce === true ? 0 : faultMs)
    await stage.end()
    const endedAtMs = sharedNow()
    // I14: after this time all rows are as they should be.
    const quietMs = pace.boundMs[policy] + pace.heartbeatMs
    const untilMs = endedAtMs + quietMs
    await sleep(quietMs + beforeMs)
    // A breaker may take some seconds to look again.
    await until(
      'normal service',
      async () => {
        const served = await Promise.all(peers.map(async (peer) => peer.call.isServedSince(endedAtMs)))
        return served.every(Boolean)
      },
      { everyMs: 50 },
    ).catch(() => undefined)
    await Promise.all(peers.map(async (peer) => peer.call.stopWriting()))
    const histories = await Promise.all(peers.map(async (peer) => peer.call.finish()))
    const wrong = await lookAtRest(peers, versions, quietMs)
    const verdict = judge(
      histories,
      pace.boundMs[policy],
      fault.losesHistory ? { fromMs, untilMs } : undefined,
    )
    return {
      ...verdict,
      violations: { ...verdict.violations, ...wrong },
      fault: fault.name,
      policy,
      pace,
      losesHistory: fault.losesHistory,
      convergedMs: convergence(histories, endedAtMs, verdict.lastBehindAtMs),
      rejections: histories.flatMap(({ rejections }) => rejections),
    }
  } finally {
    await Promise.all(peers.map(async (peer) => peer.kill()))
  }
}
