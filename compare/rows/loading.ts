import { setTimeout as sleep } from 'node:timers/promises'
import { gate } from '../gate.ts'
import { TOO_LATE, within } from '../node-process.ts'
import { is, text, type Part } from '../row.ts'
import { holds } from './tools.ts'

const CALLERS = 100

export const loading: Part = {
  title: 'Loading',
  rows: [
    {
      title: `${CALLERS} callers of a cold key in one process: one load`,
      needs: ['load'],
      async play(stage) {
        const node = await stage.node('a')
        let loads = 0
        const loader = async (): Promise<string> => {
          loads += 1
          await sleep(50)
          return 'value'
        }
        await node.all(Array.from({ length: CALLERS }, () => node.loading('cold', loader)))
        return loads === 1 || `${loads} loads`
      },
    },
    {
      title: `${CALLERS} callers in two processes: one load`,
      needs: ['server', 'load'],
      async play(stage) {
        const nodes = [await stage.node('a'), await stage.node('b')]
        let loads = 0
        const both = gate()
        // If each process loads, the first load lasts until the second one begins, or long enough to tell.
        const loader = async (): Promise<string> => {
          loads += 1
          if (loads > 1) both.open()
          await within(2_000, both.opened)
          return 'value'
        }
        const half = Array.from({ length: CALLERS / 2 })
        await Promise.all(nodes.map(async (node) => node.all(half.map(() => node.loading('both', loader)))))
        return loads === 1 || `${loads} loads`
      },
    },
    {
      title: `A loader that fails: ${CALLERS} callers share one error`,
      needs: ['load'],
      async play(stage) {
        const node = await stage.node('a')
        let loads = 0
        const loader = async (): Promise<string> => {
          loads += 1
          await sleep(50)
          throw new Error('no database')
        }
        const outcomes = await node.all(
          Array.from({ length: CALLERS }, () => node.loading('failing', loader)),
        )
        if (!outcomes.every((outcome) => 'error' in outcome)) return 'callers got no error'
        return loads === 1 || `${loads === CALLERS ? CALLERS : 'several'} loads`
      },
    },
    {
      title: 'A loaded `null` is a hit, also in a process that starts later',
      needs: ['server', 'load'],
      async play(stage) {
        const a = await stage.node('a')
        let loads = 0
        const loader = async (): Promise<null> => {
          loads += 1
          return null
        }
        for (const node of [a, a, await stage.node('late')]) await node.load('absent', loader)
        return loads === 1 || `${loads} loads`
      },
    },
    {
      title: 'A stale value is answered at once while one load replaces it',
      needs: ['load', 'stale'],
      async play(stage) {
        const node = await stage.node('a')
        const options = { ttl: 300, graceMs: 60_000 }
        await node.load('swr', async () => 'one', options)
        await sleep(600)
        const released = gate()
        let loads = 0
        const loader = async (): Promise<string> => {
          loads += 1
          await released.opened
          return 'two'
        }
        const answers = within(
          5_000,
          node.all(Array.from({ length: 10 }, () => node.loading('swr', loader, options))),
        )
        const outcomes = await answers
        released.open()
        if (outcomes === TOO_LATE) return 'callers waited for the load'
        const values = new Set(
          outcomes.map((outcome) => text('value' in outcome ? outcome.value : outcome.error)),
        )
        if (values.size !== 1 || !values.has('one')) return `answered ${[...values].join(', ')}`
        const long = { ...options, ttl: 60_000 }
        const hasNew = await holds(
          async () => (await node.load('swr', async () => 'two', long)) === 'two',
          5_000,
        )
        return (hasNew && loads === 1) || `${loads} loads`
      },
    },
    {
      title: 'A loader that fails: the stale value is answered',
      needs: ['load', 'stale'],
      async play(stage) {
        const node = await stage.node('a')
        const options = { ttl: 300, graceMs: 60_000 }
        await node.load('kept', async () => 'one', options)
        await sleep(600)
        const fail = async (): Promise<string> => {
          throw new Error('no database')
        }
        return is(await node.load('kept', fail, options), 'one')
      },
    },
    {
      title: 'A loader that hangs: callers are answered by a time limit of the call',
      needs: ['load', 'limit'],
      async play(stage) {
        const node = await stage.node('a')
        const hang = gate()
        const call = node.all([node.loading('hanging', async () => hang.opened, { limitMs: 300 })])
        const outcome = await within(3_000, call)
        hang.open()
        return outcome !== TOO_LATE || 'no answer after 3 s'
      },
    },
  ],
}
