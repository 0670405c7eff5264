import { startProxy } from '../../test/real/servers/proxy.ts'
import { within } from '../node-process.ts'
import type { Part, Row } from '../row.ts'
import type { Stage } from '../stage.ts'
import { holds, shares, stopsServing } from './tools.ts'

const MISSED_MS = 15_000
const SILENT_MS = 90_000

/** Lets the first process set a value, and the second take it into its memory from the given port. */
async function held(stage: Stage, port?: number) {
  const [a, b] = [await stage.node('a'), await stage.node('b', port)]
  await shares(a, b, stage.library, 'held')
  return [a, b] as const
}

const harmful = (title: string, needs: readonly string[], play: Row['play']): Row => ({
  title,
  needs: ['server', ...needs],
  isHarmful: true,
  play,
})

export const missed: Part = {
  title: 'Messages that do not arrive',
  rows: [
    harmful(
      `A process was paused and its channel was cut: it serves no deleted value ${MISSED_MS / 1000} s later`,
      ['memory'],
      async (stage) => {
        const [a, b] = await held(stage)
        b.signal('SIGSTOP')
        await stage.server.killClients('pubsub')
        await within(
          5_000,
          a.call('delete', 'held').catch(() => undefined),
        )
        b.signal('SIGCONT')
        const seen = await stopsServing(b, 'held', MISSED_MS)
        return seen === true || a.isAlive ? seen : 'the process ended'
      },
    ),
    harmful(
      `Redis was restarted: a \`delete\` reaches the memory of another process again within ${MISSED_MS / 1000} s`,
      ['memory'],
      async (stage) => {
        const [a, b] = await held(stage)
        await stage.server.restart()
        let round = 0
        const isTold = async (): Promise<boolean> => {
          round += 1
          const key = `again:${round}`
          await a.call('set', key, 'value')
          if ((await b.call('get', key)) !== 'value') return false
          await a.call('delete', key)
          return holds(async () => (await b.call('get', key)) === undefined, 1_000)
        }
        if (await holds(isTold, MISSED_MS)) return true
        return a.isAlive && b.isAlive ? 'it does not' : 'the process ended'
      },
    ),
    harmful(
      `The line of a process falls silent without an end: it serves no deleted value ${SILENT_MS / 1000} s later`,
      ['memory'],
      async (stage) => {
        await using proxy = await startProxy({ port: stage.server.port })
        const [a, b] = await held(stage, proxy.port)
        proxy.mode = { kind: 'black-hole' }
        await a.call('delete', 'held')
        return stopsServing(b, 'held', SILENT_MS)
      },
    ),
  ],
}
