import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeProcess } from '../node-process.ts'
import type { Part, Seen } from '../row.ts'
import type { Stage } from '../stage.ts'
import { holds, stopsServing, takes, UnpreparedError } from './tools.ts'

const TOLD_MS = 5_000

/** Plays twice, and judges the second time, because channels may be open only after the first. */
async function second(play: (round: string) => Promise<Seen>): Promise<Seen> {
  await play('first')
  return play('second')
}

/** Both processes have the key in memory, then the first removes it. */
async function toldOf(stage: Stage, remove: 'delete' | 'invalidateTag', key: string): Promise<Seen> {
  const [a, b] = [await stage.node('a'), await stage.node('b')]
  await a.call('set', key, 'value', remove === 'delete' ? {} : { tags: [`${key}:tag`] })
  if ((await takes(b, stage.library, key)) !== 'value') return 'the other process did not read it'
  await a.call(remove, remove === 'delete' ? key : `${key}:tag`)
  return stopsServing(b, key, TOLD_MS)
}

/** Both processes have an entry of a namespace in memory, then the first clears it. */
async function toldOfClear(stage: Stage, key: string): Promise<Seen> {
  const [a, b] = [await stage.node('a'), await stage.node('b')]
  await a.call('setIn', 'part', key, 'value')
  if ((await b.call('getIn', 'part', key)) !== 'value') return 'the other process did not read it'
  await a.call('clear', 'part', '')
  const isGone = await holds(async () => (await b.call('getIn', 'part', key)) === undefined, TOLD_MS)
  return isGone || `still served after ${TOLD_MS / 1000} s`
}

export const processes: Part = {
  title: 'Several processes, memory in front of Redis',
  rows: [
    {
      title: 'A `delete` reaches the memory of another process',
      needs: ['server', 'memory'],
      play: async (stage) => second(async (round) => toldOf(stage, 'delete', `told:${round}`)),
    },
    {
      title: 'An invalidation of a tag reaches it',
      needs: ['server', 'memory', 'invalidateTag'],
      play: async (stage) => second(async (round) => toldOf(stage, 'invalidateTag', `tag:${round}`)),
    },
    {
      title: 'Clearing a namespace reaches it',
      needs: ['server', 'memory', 'namespace'],
      play: async (stage) => second(async (round) => toldOfClear(stage, round)),
    },
    {
      title: 'A value that a process takes into its memory late keeps its time left',
      needs: ['server', 'memory', 'load'],
      async play(stage) {
        const [a, b] = [await stage.node('a'), await stage.node('b')]
        const began = performance.now()
        await a.call('set', 'short', 'value', { ttl: 8_000 })
        await sleep(5_000)
        const options = { ttl: 8_000 }
        const taken = await b.load('short', async () => 'loaded anew', options)
        if (taken !== 'value') return 'the value was gone too early'
        // With the whole time it would be there for 13 s.
        const isGone = await holds(
          async () => (await b.call('get', 'short')) === undefined,
          11_000 - (performance.now() - began),
        )
        return isGone || 'served for longer than its ttl'
      },
    },
    {
      title: '1,000 increments in two processes: the sum is 1,000',
      needs: ['server', 'increment'],
      async play(stage) {
        const nodes = [await stage.node('a'), await stage.node('b')]
        const few = Array.from({ length: 25 }, () => ['increment', 'counter'] as const)
        const count = async (node: NodeProcess): Promise<void> => {
          for (let round = 0; round < 20; round += 1) {
            const outcomes = await node.all(few)
            if (outcomes.some((outcome) => 'error' in outcome || outcome.value === undefined))
              throw new UnpreparedError('The server did not answer in time.')
          }
        }
        await Promise.all(nodes.map(count))
        const next = await nodes[0]!.call('increment', 'counter')
        return next === 1_001 || `the next was ${String(next)}`
      },
    },
    {
      title: '`set` if there is none, by 100 callers in two processes: one wins',
      needs: ['server', 'setIfAbsent'],
      async play(stage) {
        const nodes = [await stage.node('a'), await stage.node('b')]
        const half = Array.from({ length: 50 }, () => ['setIfAbsent', 'once', 'value'] as const)
        const outcomes = (await Promise.all(nodes.map(async (node) => node.all(half)))).flat()
        const winners = outcomes.filter((outcome) => 'value' in outcome && outcome.value === true).length
        return winners === 1 || `${winners} won`
      },
    },
  ],
}
