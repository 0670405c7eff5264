// Runs a race: three processes, one server, and a database in this process whose answers are delayed.
import { setTimeout as sleep } from 'node:timers/promises'
import { SeededRandom } from '../../../src/testing/random.ts'
import { Peer } from '../../support/peer.ts'
import { judge, type Verdict } from './judge.ts'
import type * as Racer from './racer.ts'
import { KEYS, type Answer, type Query, type Race } from './race.ts'

const PROCESSES = [
  { readers: 3, writes: [0, 3] },
  { readers: 3, writes: [1] },
  { readers: 2, writes: [2] },
]

export type RaceSettings = Pick<
  Race,
  'engine' | 'invalidation' | 'omission' | 'sharesLoads' | 'client' | 'url' | 'durationMs' | 'seed'
>

/**
 * Answers queries. A write is answered at once. A read returns the row at its arrival, up to four milliseconds later.
 */
function serveDatabase(peer: Peer<typeof Racer>, versions: number[], random: () => number): void {
  peer.onEvent = (event) => {
    const { id, kind, key } = event as Query
    if (kind === 'write') versions[key]! += 1
    const answer: Answer = { id, version: versions[key]! }
    if (kind === 'write') peer.tell(answer)
    else void sleep(random() * 4).then(() => peer.tell(answer))
  }
}

let races = 0

export async function runRace(settings: RaceSettings): Promise<Verdict> {
  const random = new SeededRandom(settings.seed).next
  const versions = Array.from({ length: KEYS }, () => 1)
  const prefix = `race${++races}:`
  const results = await Promise.all(
    PROCESSES.map(async (tasks, node) => {
      await using peer = new Peer<typeof Racer>(new URL('racer.ts', import.meta.url))
      serveDatabase(peer, versions, random)
      return await peer.call.run({ ...settings, ...tasks, node, prefix, seed: settings.seed + node + 1 })
    }),
  )
  return judge(
    results.flatMap(({ acknowledged }) => acknowledged),
    results.map(({ reads }) => reads),
  )
}
