import { setTimeout as sleep } from 'node:timers/promises'
import { TOO_LATE, within, type NodeProcess } from '../node-process.ts'
import { is, type Part, type Row, type Seen } from '../row.ts'
import type { Stage } from '../stage.ts'
import { holds, prepared, shares, stopsServing } from './tools.ts'

const LOAD_MS = 5_000
const START_MS = 10_000
const BACK_MS = 20_000
const WATCH_MS = 20_000
const DOWN_MS = 15_000

/** Watches whether a process goes on. */
async function livesOn(node: NodeProcess): Promise<Seen> {
  const hasEnded = await holds(async () => !node.isAlive, WATCH_MS)
  return hasEnded ? 'the process ended' : true
}

/** Loads a key that is stored nowhere. */
async function loadsInTime(node: NodeProcess): Promise<Seen> {
  const load = node.load('cold', async () => 'loaded').catch((error: unknown) => `error: ${String(error)}`)
  const answer = await within(LOAD_MS, load)
  if (!node.isAlive) return 'the process ended'
  if (answer === TOO_LATE) return `no answer after ${LOAD_MS / 1000} s`
  return answer === 'loaded' || (String(answer).startsWith('error') ? 'an error' : is(answer, 'loaded'))
}

/** Starts a process and waits until its program runs, with the cache open or not. */
async function begins(stage: Stage): Promise<NodeProcess> {
  const node = stage.begin('a')
  await node.begun()
  await within(START_MS, node.ready())
  return node
}

/** Judges whether both processes stop serving a value. */
async function bothStop(stage: Stage): Promise<Seen> {
  for (const name of ['b', 'a']) {
    const seen = await stopsServing(await stage.node(name), 'held', BACK_MS)
    if (seen !== true) return seen
  }
  return true
}

/** Makes a row that does harm. */
const harmful = (title: string, needs: readonly string[], play: Row['play']): Row => ({
  title,
  needs: ['server', ...needs],
  isHarmful: true,
  play,
})

export const faults: Part = {
  title: 'Trouble with Redis',
  rows: [
    harmful(`Redis frozen: a load answers within ${LOAD_MS / 1000} s`, ['load'], async (stage) => {
      const node = await stage.node('a')
      await prepared(node.load('first', async () => 'loaded'))
      stage.server.freeze()
      return loadsInTime(node)
    }),
    harmful('Redis frozen: a hit in memory answers within 2 s', ['memory'], async (stage) => {
      const node = await stage.node('a')
      await prepared(node.call('set', 'hot', 'value'))
      await prepared(node.call('get', 'hot'))
      stage.server.freeze()
      const answer = await within(2_000, node.call('get', 'hot'))
      return answer === 'value' || 'no answer after 2 s'
    }),
    harmful(`Redis killed: a load answers within ${LOAD_MS / 1000} s`, ['load'], async (stage) => {
      const node = await stage.node('a')
      await prepared(node.load('first', async () => 'loaded'))
      await stage.server.kill()
      return loadsInTime(node)
    }),
    harmful(`Redis killed: the process goes on for ${WATCH_MS / 1000} s`, [], async (stage) => {
      const node = await stage.node('a')
      await prepared(node.call('set', 'first', 'value'))
      await stage.server.kill()
      return livesOn(node)
    }),
    harmful(`No Redis at the start: a load answers within ${LOAD_MS / 1000} s`, ['load'], async (stage) => {
      await stage.server.kill()
      return loadsInTime(await begins(stage))
    }),
    harmful(`No Redis at the start: the process goes on for ${WATCH_MS / 1000} s`, [], async (stage) => {
      await stage.server.kill()
      const node = await begins(stage)
      // A service that starts has a first call.
      void node.call('get', 'first').catch(() => undefined)
      return livesOn(node)
    }),
    harmful(
      `Redis away for a moment: entries are shared again within ${BACK_MS / 1000} s`,
      [],
      async (stage) => {
        const [a, b] = [await stage.node('a'), await stage.node('b')]
        await prepared(a.call('set', 'first', 'value'))
        await stage.server.kill()
        await within(
          2_000,
          a.call('get', 'second').catch(() => undefined),
        )
        await stage.server.restart()
        let round = 0
        const isShared = async (): Promise<boolean> => {
          round += 1
          await a.call('set', `again:${round}`, round)
          return (await b.call('get', `again:${round}`)) === round
        }
        if (await holds(isShared, BACK_MS)) return true
        return a.isAlive && b.isAlive ? 'they are not' : 'the process ended'
      },
    ),
    harmful(
      `A \`delete\` while Redis was down for ${DOWN_MS / 1000} s holds when Redis is back with its data`,
      [],
      async (stage) => {
        const [a, b] = [await stage.node('a'), await stage.node('b')]
        await shares(a, b, stage.library, 'held')
        const data = await stage.server.snapshot()
        await stage.server.kill()
        void a.call('delete', 'held').catch(() => undefined)
        await sleep(DOWN_MS)
        await stage.server.restart(data)
        return a.isAlive && b.isAlive ? bothStop(stage) : 'the process ended'
      },
    ),
  ],
}
