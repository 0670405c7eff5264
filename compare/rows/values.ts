import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { is, text, type Part, type Row } from '../row.ts'
import { holds } from './tools.ts'

function readElsewhere(title: string, key: string, value: unknown): Row {
  return {
    title: `${title}: equal in another process`,
    needs: ['server'],
    async play(stage) {
      const [a, b] = [await stage.node('a'), await stage.node('b')]
      await a.call('set', `value:${key}`, { value })
      const read = (await b.call('get', `value:${key}`)) as { value: unknown } | undefined
      if (read === undefined) return 'it was not stored'
      return (
        isDeepStrictEqual(read, { value }) || `a ${Object.prototype.toString.call(read.value).slice(8, -1)}`
      )
    },
  }
}

const local = (title: string, name: string, needs: readonly string[], wanted: unknown): Row => ({
  title,
  needs,
  play: async (stage) => is(await (await stage.node('a')).call('local', name), wanted),
})

export const values: Part = {
  title: 'Values, keys and times',
  rows: [
    readElsewhere('A date', 'date', new Date(1_700_000_000_000)),
    readElsewhere('A map and a set', 'map', [new Map([['a', 1]]), new Set(['b'])]),
    readElsewhere('A bigint', 'bigint', 12_345_678_901_234_567_890n),
    readElsewhere('Bytes (`Uint8Array`)', 'bytes', Uint8Array.of(0, 127, 128, 255)),
    readElsewhere('`NaN` and `-0`', 'odd', [Number.NaN, -0]),
    local(
      'A loaded date is a date at the first call and at the second',
      'type of a loaded date',
      ['load'],
      ['Date', 'Date'],
    ),
    local('A change of an object that was set does not change the entry', 'source changed', [], ['a']),
    local('A change of an object that was read does not change the entry', 'answer changed', [], ['a']),
    local(
      'A change of an object that was loaded does not change the entry',
      'loaded changed',
      ['load'],
      ['a'],
    ),
    local('Keys such as `__proto__` and `constructor` are keys like others', 'prototype keys', [], []),
    {
      title: "A ttl may be text: `'5s'`, in another process, too",
      needs: ['server'],
      async play(stage) {
        const [a, b] = [await stage.node('a'), await stage.node('b')]
        const [set] = await a.all([['set', 'text', 'value', { ttl: '5s' }]])
        if (set !== undefined && 'error' in set) return 'refused'
        if ((await b.call('get', 'text')) !== 'value') return 'it was not stored'
        const isGone = async (): Promise<boolean> => {
          const reads = [await a.call('get', 'text'), await b.call('get', 'text')]
          return reads.every((read) => read === undefined)
        }
        return (await holds(isGone, 10_000)) || 'it had no end'
      },
    },
    {
      title: 'A ttl of `NaN` or of less than nothing does not mean for ever',
      needs: [],
      async play(stage) {
        const node = await stage.node('a')
        const kept: number[] = []
        for (const ttl of [Number.NaN, -1, -1_000]) {
          await node.all([['set', `ttl:${ttl}`, 'value', { ttl }]])
          await sleep(200)
          if ((await node.call('get', `ttl:${ttl}`)) !== undefined) kept.push(ttl)
        }
        return kept.length === 0 || `${kept.map(String).join(', ')} was kept`
      },
    },
    {
      title: 'A read can prolong the time of an entry',
      needs: ['getAndProlong'],
      async play(stage) {
        const node = await stage.node('a')
        await node.call('set', 'sliding', 'value', { ttl: 2_000 })
        for (let read = 0; read < 20; read += 1) {
          await sleep(200)
          const value = await node.call('getAndProlong', 'sliding')
          if (value !== 'value') return `answered ${text(value)}`
        }
        return true
      },
    },
    local('A property that is `undefined` stays one', 'undefined property', [], ['a', 'b']),
    local('`get` answers without a promise', 'synchronous', [], true),
    local('An instance of a class is one when it is read', 'instance', [], true),
  ],
}
