import type { RedisServer } from '../../test/real/servers/server.ts'
import type { Call } from '../protocol.ts'
import type { Part } from '../row.ts'

const ENTRIES = 10_000
const FEW = 20

async function commandsOf(server: RedisServer): Promise<number> {
  const stats = await server.info('commandstats')
  let calls = 0
  for (const [name, fields] of stats)
    // Not those that look, and not those inside of scripts' callers twice.
    if (!/^cmdstat_(?:info|config)/.test(name)) calls += Number(/calls=(\d+)/.exec(fields ?? '')?.[1] ?? 0)
  return calls
}

export const groups: Part = {
  title: 'Groups',
  rows: [
    {
      title: 'Entries are invalidated by a tag',
      needs: ['invalidateTag'],
      async play(stage) {
        const node = await stage.node('a')
        await node.call('set', 'tagged', 'value', { tags: ['one', 'two'] })
        await node.call('set', 'other', 'value', { tags: ['one'] })
        await node.call('invalidateTag', 'two')
        if ((await node.call('get', 'tagged')) !== undefined) return 'the entry was there'
        return (await node.call('get', 'other')) === 'value' || 'another entry was gone'
      },
    },
    {
      title: `Invalidating a tag of ${ENTRIES.toLocaleString('en')} entries: at most ${FEW} commands`,
      needs: ['server', 'invalidateTag'],
      async play(stage) {
        const node = await stage.node('a')
        for (let first = 0; first < ENTRIES; first += 500) {
          const sets = Array.from({ length: 500 }, (_, at): Call => {
            return ['set', `many:${first + at}`, at, { tags: ['many'] }]
          })
          await node.all(sets)
        }
        const before = await commandsOf(stage.server)
        await node.call('invalidateTag', 'many')
        const sent = (await commandsOf(stage.server)) - before
        if ((await node.call('get', 'many:77')) !== undefined) return 'an entry was there'
        return sent <= FEW || 'more commands'
      },
    },
    {
      title: `100 hits of an entry with tags in memory: at most ${FEW} commands`,
      needs: ['server', 'memory', 'invalidateTag'],
      async play(stage) {
        const node = await stage.node('a')
        await node.call('set', 'hot', 'value', { tags: ['hot:1', 'hot:2'] })
        await node.call('get', 'hot')
        const before = await commandsOf(stage.server)
        for (let read = 0; read < 100; read += 1) await node.call('get', 'hot')
        return (await commandsOf(stage.server)) - before <= FEW || 'more commands'
      },
    },
    {
      title: 'Clearing the namespace `a*` leaves the namespace `ab`',
      needs: ['server', 'namespace'],
      async play(stage) {
        const [a, b] = [await stage.node('a'), await stage.node('b')]
        await a.call('setIn', 'ab', 'key', 'value')
        await a.call('setIn', 'a*', 'key', 'value')
        await a.call('clear', 'a*', '')
        if ((await a.call('getIn', 'a*', 'key')) !== undefined) return 'nothing was cleared'
        return (await b.call('getIn', 'ab', 'key')) === 'value' || 'the other one was cleared'
      },
    },
  ],
}
