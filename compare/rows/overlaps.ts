import { gate } from '../gate.ts'
import { within } from '../node-process.ts'
import { is, type Part } from '../row.ts'
import { overlapped } from './tools.ts'

export const overlaps: Part = {
  title: 'Invalidations that overlap other calls',
  rows: [
    {
      title: 'A `delete` during a load: the old value is not stored',
      needs: ['load'],
      async play(stage) {
        const node = await stage.node('a')
        return overlapped({
          key: 'overlap',
          loading: node,
          readers: [node],
          act: async (update) => {
            update()
            await node.call('delete', 'overlap')
          },
        })
      },
    },
    {
      title: 'A call after that `delete` does not join the older load',
      needs: ['load'],
      async play(stage) {
        const node = await stage.node('a')
        const started = gate()
        const released = gate()
        const older = node
          .load('join', async () => {
            started.open()
            await released.opened
            return 'old'
          })
          .catch(() => undefined)
        await started.opened
        await node.call('delete', 'join')
        const second = gate()
        const younger = node.load('join', async () => {
          second.open()
          return 'new'
        })
        younger.catch(() => undefined)
        // One that joins starts no loader.
        await within(1_000, second.opened)
        released.open()
        await older
        return is(await younger, 'new')
      },
    },
    {
      title: 'A `delete` in another process during a load: the old value is not stored',
      needs: ['server', 'load'],
      async play(stage) {
        const [a, b] = [await stage.node('a'), await stage.node('b')]
        return overlapped({
          key: 'overlap:two',
          loading: a,
          readers: [b, a],
          act: async (update) => {
            update()
            await b.call('delete', 'overlap:two')
          },
        })
      },
    },
    {
      title: 'A `set` in another process during a load: the new value stays',
      needs: ['server', 'load'],
      async play(stage) {
        const [a, b] = [await stage.node('a'), await stage.node('b')]
        return overlapped({
          key: 'overlap:set',
          loading: a,
          readers: [b, a],
          act: async (update) => {
            update()
            await b.call('set', 'overlap:set', 'new')
          },
        })
      },
    },
    {
      title: 'An invalidation of a tag during a load: the old value is not stored',
      needs: ['load', 'invalidateTag'],
      async play(stage) {
        const [a, b] = [await stage.node('a'), await stage.node('b')]
        return overlapped({
          key: 'overlap:tag',
          tags: ['overlapping'],
          loading: a,
          readers: [b, a],
          act: async (update) => {
            update()
            await b.call('invalidateTag', 'overlapping')
          },
        })
      },
    },
    {
      title: 'A `delete` right after a `set` that was not awaited wins',
      needs: [],
      async play(stage) {
        const node = await stage.node('a')
        for (let round = 0; round < 50; round += 1) {
          const key = `order:${round}`
          await node.all([
            ['set', key, 'value'],
            ['delete', key],
          ])
          const read = await node.call('get', key)
          if (read !== undefined) return 'the value was there'
        }
        return true
      },
    },
    {
      title: 'A `get` right after a `set` that was not awaited reads it',
      needs: [],
      async play(stage) {
        const node = await stage.node('a')
        for (let round = 0; round < 50; round += 1) {
          const key = `written:${round}`
          const [, read] = await node.all([
            ['set', key, 'value'],
            ['get', key],
          ])
          if (read === undefined || 'error' in read || read.value !== 'value') return 'the value was not read'
        }
        return true
      },
    },
  ],
}
