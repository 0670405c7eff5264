import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readTrace, recordAccesses, simulate, type TraceTarget } from '../../../src/analysis/index.ts'
import { key, MemoryCache, type BaseCache } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { SeededRandom } from '../../../src/testing/random.ts'

let clock: FakeClock
let cache: MemoryCache

beforeEach(() => {
  clock = new FakeClock()
  cache = new MemoryCache({ name: 'users', clock, random: new SeededRandom(7).next, maxEntries: 100 })
})

afterEach(() => cache.close())

/** A target in memory. */
class Memory extends Writable {
  readonly chunks: Buffer[] = []

  override _write(chunk: Buffer, _: string, done: (error?: Error) => void): void {
    this.chunks.push(chunk)
    done()
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }
}

async function work(of: BaseCache = cache): Promise<void> {
  await of.getOrSet(
    key('user', 1),
    async () => {
      await clock.advance({ milliseconds: 12 })
      return 'Ada'
    },
    '1m',
  )
  await of.get(key('user', 1))
  await of.set(key('post', 2), 'text', '1h')
  await clock.advance('5s')
  await of.delete(key('user', 1))
  await of.get(key('user', 1))
}

describe('a recording', () => {
  it('has each access of the cache and its namespaces, without their keys', async () => {
    const target = new Memory()
    const recording = recordAccesses(cache, target)
    await work(cache.namespace('shop'))
    const { records, bytes, dropped } = await recording.close()
    const trace = await readTrace(target.bytes)
    expect(trace).toMatchObject({
      cache: 'users',
      share: 1,
      maxEntries: 100,
      startedAt: Date.UTC(2026, 0, 1),
    })
    expect(trace.records).toHaveLength(records)
    expect([bytes, dropped]).toEqual([target.bytes.length, 0])
    const [user, post] = ['shop:user:{id}', 'shop:post:{id}']
    expect(trace.records.filter(({ kind }) => kind !== 'remove')).toMatchObject([
      { kind: 'miss', family: user, atMs: 0 },
      { kind: 'load', family: user, atMs: 12, costMs: 12, ttlMs: 60_000 },
      { kind: 'hit', family: user, atMs: 12 },
      { kind: 'write', family: post, ttlMs: 3_600_000 },
      { kind: 'miss', family: user, atMs: 5012 },
    ])
    expect(trace.records.some(({ kind, family }) => kind === 'remove' && family === user)).toBe(true)
    expect(new Set(trace.records.map((record) => record.key)).size).toBe(2)
    expect(trace.records[1]!.bytes).toBeGreaterThan(0)
  })

  it('writes to a file, a second at a time', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cachette-recording-'))
    try {
      const file = join(folder, 'users.trace')
      const recording = recordAccesses(cache, file)
      await work()
      await clock.advance('1s')
      await expect.poll(async () => (await readFile(file)).length).toBeGreaterThan(100)
      await recording.close()
      expect((await readTrace(file)).records.length).toBeGreaterThan(4)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('is played as the cache itself has answered', async () => {
    const target = new Memory()
    const recording = recordAccesses(cache, target)
    const random = new SeededRandom(1).next
    for (let read = 0; read < 5000; read++) {
      await cache.getOrSet(key('user', Math.floor(300 * random() ** 2)), () => 1)
      if (read % 500 === 499) await clock.advance('1s')
    }
    await recording.close()
    const [result] = simulate(await readTrace(target.bytes), [100], new SeededRandom(2).next)
    const { hits, loads } = cache.stats()
    expect(Math.abs(result!.hitRatio - hits / 5000)).toBeLessThan(0.03)
    expect(Math.abs(result!.loads - loads) / loads).toBeLessThan(0.1)
  })

  it('of a share has all accesses of that share of the keys', async () => {
    const target = new Memory()
    const recording = recordAccesses(cache, target, { sample: 0.25 })
    for (let read = 0; read < 2000; read++) await cache.get(key('user', read % 500))
    await recording.close()
    const counts = new Map<number, number>()
    for (const record of (await readTrace(target.bytes)).records)
      counts.set(record.key, (counts.get(record.key) ?? 0) + 1)
    expect(new Set(counts.values())).toEqual(new Set([4]))
    expect(counts.size).toBeGreaterThan(80)
    expect(counts.size).toBeLessThan(170)
  })

  it('ends with the cache, and at its bound', async () => {
    const [first, second] = [new Memory(), new Memory()]
    const recording = recordAccesses(cache, first)
    const short = recordAccesses(cache, second, { maxMegabytes: 0.1 })
    for (let read = 0; read < 40_000; read++) await cache.get('a')
    expect((await short.close()).bytes).toBeLessThan(0.3 * 2 ** 20)
    expect(second.writableEnded).toBe(true)
    await cache.close()
    await clock.advance('2s')
    expect(first.writableEnded).toBe(true)
    expect((await recording.close()).records).toBe(40_000)
  })

  it.each([
    ['reports an error', () => new Writable({ write: (_, __, done) => done(new Error('disk full')) })],
    ['throws', () => throwing()],
    ['is no file', () => '/nowhere/a.trace'],
  ])('harms nothing if the target %s', async (_, target) => {
    const recording = recordAccesses(cache, target())
    await work()
    await clock.advance('2s')
    await work()
    const { error } = await recording.close()
    expect(error).toBeInstanceOf(Error)
    expect(cache.stats().errors).toBe(0)
  })

  it('tells an error that comes after the last part', async () => {
    const target = new Writable({
      write: (_, __, done) => done(),
      final: (done) => done(new Error('disk full')),
    })
    const recording = recordAccesses(cache, target)
    await work()
    expect(await recording.close()).toMatchObject({ error: { message: 'disk full' } })
  })

  it('leaves records out while the target is too slow, and says how many', async () => {
    let waiting = 0
    const chunks: Uint8Array[] = []
    const target: TraceTarget = {
      write: (chunk) => chunks.push(chunk),
      end: (callback) => callback(),
      on: () => undefined,
      get writableLength() {
        return waiting
      },
    }
    const recording = recordAccesses(cache, target)
    await cache.get('a')
    waiting = 5e6
    for (let read = 0; read < 10; read++) await cache.get('a')
    waiting = 0
    await cache.get('a')
    expect(await recording.close()).toMatchObject({ records: 2, dropped: 10 })
    expect((await readTrace(Buffer.concat(chunks))).records).toHaveLength(2)
  })

  it.each([
    ['a share of nothing', { sample: 0 }, 'sample: 0 is not'],
    ['more than all', { sample: 2 }, 'sample: 2 is not'],
    ['no room', { maxMegabytes: -1 }, 'maxMegabytes: -1 is not'],
    ['an unknown option', { nothing: 1 }, 'unknown option'],
  ])('refuses %s', (_, options, message) => {
    expect(() => recordAccesses(cache, new Memory(), options as object)).toThrow(message)
  })
})

function throwing(): TraceTarget {
  return {
    write: () => {
      throw new Error('closed')
    },
    end: (callback) => callback(),
    on: () => undefined,
  }
}
