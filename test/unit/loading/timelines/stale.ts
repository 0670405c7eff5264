import { describe, expect } from 'vitest'
import { Stage, timeline, type Engine } from './stage.ts'

/** Grace, timeouts and refresh-ahead: who gets what, and when. */
export function staleTimelines(engine: Engine): void {
  describe(`a stale value of ${engine.name}`, () => {
    const entry = { ttl: 1, grace: 10 } as const

    timeline(engine, 'is served at once within its grace, and refreshed by one load', async () => {
      const stage = new Stage(engine)
      const cache = stage.cache(entry)
      const ask = (name: string): void => void stage.caller(name, () => cache.getOrSet('k', stage.loader()))
      ask('a')
      await stage.until(1500)
      stage.version = 2
      for (const name of ['b', 'c', 'd']) ask(name)
      await stage.until(1520)
      ask('e')
      await stage.until(1600)
      ask('f')
      await stage.until(1600)

      stage.saw(
        '0 query 1',
        '50 a: v1',
        '1500 query 2',
        '1500 b: v1',
        '1500 c: v1',
        '1500 d: v1',
        '1520 e: v1',
        '1600 f: v2',
      )
      expect(cache.stats()).toMatchObject({ loads: 2, refreshes: 1, hits: 1, misses: 5 })
      expect(cache.stats().staleServed).toMatchObject({ refreshing: 4, error: 0, timeout: 0 })
    })

    timeline(
      engine,
      'is gone after its grace, and never seen by who does not ask for stale values',
      async () => {
        const stage = new Stage(engine)
        const cache = stage.cache(entry)
        await cache.set('k', 'v0')
        await stage.until(1000)
        await stage.caller('get', () => cache.get('k'))
        await stage.caller('get stale', () => cache.get('k', { stale: true }))
        await stage.caller('getMany stale', () => cache.getMany(['k', 'x'], { stale: true }))
        await stage.caller('ttl', () => cache.ttl('k'))
        void stage.caller('no grace', () =>
          cache.getOrSet('k', stage.loader({ answers: null }), { grace: false, negativeTtl: false }),
        )
        await stage.until(1100)
        await stage.until(10_999)
        await stage.caller('get stale', () => cache.get('k', { stale: true }))
        await stage.until(11_000)
        await stage.caller('get stale', () => cache.get('k', { stale: true }))
        void stage.caller('load', () => cache.getOrSet('k', stage.loader()))
        await stage.until(11_100)

        stage.saw(
          '1000 get: undefined',
          '1000 get stale: v0',
          '1000 getMany stale: {"k":"v0"}',
          '1000 ttl: undefined',
          '1000 query 1',
          '1050 no grace: null',
          '10999 get stale: v0',
          '11000 get stale: undefined',
          '11000 query 2',
          '11050 load: v1',
        )
        expect(cache.stats().staleServed.asked).toBe(3)
      },
    )

    timeline(engine, 'is no older than the reader allows', async () => {
      const stage = new Stage(engine)
      const cache = stage.cache(entry)
      await cache.set('k', 'v0')
      await stage.until(4000)
      void stage.caller('a', () => cache.getOrSet('k', stage.loader(), { grace: 3 }))
      await stage.until(4100)

      stage.saw('4000 query 1', '4050 a: v1')
    })

    timeline(engine, 'waits for the load as long as softTimeout says', async () => {
      const stage = new Stage(engine, { ...entry, softTimeout: 0.1 })
      const cache = stage.cache()
      await cache.set('k', 'v0')
      await stage.until(2000)
      void stage.caller('slow', () => cache.getOrSet('k', stage.loader({ takesMs: 500 })))
      await stage.until(2050)
      void stage.caller('joins', () => cache.getOrSet('k', stage.loader()))
      await stage.until(2600)
      void stage.caller('later', () => cache.getOrSet('k', stage.loader()))
      await stage.until(4000)
      void stage.caller('fast', () => cache.getOrSet('k', stage.loader({ takesMs: 99 })))
      await stage.until(5000)
      void stage.caller('nothing stale', () => cache.getOrSet('x', stage.loader({ takesMs: 500 })))
      await stage.until(5600)

      stage.saw(
        '2000 query 1',
        '2100 slow: v0',
        '2150 joins: v0',
        '2600 later: v1',
        '4000 query 2',
        '4099 fast: v1',
        '5000 query 3',
        '5500 nothing stale: v1',
      )
      expect(cache.stats().staleServed.timeout).toBe(2)
      stage.hasTimers(1)
    })

    timeline(engine, 'is served when the load fails; without one the error is', async () => {
      const stage = new Stage(engine, { ...entry, softTimeout: 1 })
      const cache = stage.cache()
      await cache.set('k', 'v0')
      await stage.until(2000)
      void stage.caller('stale', () => cache.getOrSet('k', stage.loader({ fails: 'down' })))
      void stage.caller('none', () => cache.getOrSet('x', stage.loader({ fails: 'down' })))
      void stage.caller('throws', () => cache.getOrSet('k2', stage.loader({ throwsAtOnce: true })))
      await stage.until(2100)

      stage.saw(
        '2000 query 1',
        '2000 query 2',
        '2000 query 3',
        '2000 throws: Error: at once',
        '2050 stale: v0',
        '2050 none: Error: down',
      )
      expect(cache.stats()).toMatchObject({ loadErrors: 3, staleServed: { error: 1 } })
    })

    timeline(engine, 'goes on being served when refreshes fail, which is logged once', async () => {
      const lines: string[] = []
      const note = (_: object, message: string): void => void lines.push(message)
      const stage = new Stage(engine, { ...entry, logger: { warn: note, error: note } })
      const cache = stage.cache()
      await cache.set('k', 'v0')
      for (const ms of [2000, 3000]) {
        await stage.until(ms)
        void stage.caller('a', () => cache.getOrSet('k', stage.loader({ fails: 'down' })))
      }
      await stage.until(4000)
      void stage.caller('b', () => cache.getOrSet('k', stage.loader()))
      await stage.until(4100)
      void stage.caller('c', () => cache.getOrSet('k', stage.loader()))
      await stage.until(4100)

      expect(stage.events.filter((event) => !event.includes('query'))).toEqual([
        '2000 a: v0',
        '3000 a: v0',
        '4000 b: v0',
        '4100 c: v1',
      ])
      expect(lines).toEqual(['a refresh in the background failed; the stale value is served'])
    })

    timeline(engine, 'may be null', async () => {
      const stage = new Stage(engine, entry)
      const cache = stage.cache()
      await cache.set('k', null)
      await stage.until(2000)
      await stage.caller('a', () => cache.getOrSet('k', stage.loader()))
      await stage.until(2100)

      stage.saw('2000 query 1', '2000 a: null')
    })

    timeline(engine, 'is what keepStale makes of a fresh one; without grace it is gone', async () => {
      const stage = new Stage(engine, { ttl: 60 })
      const cache = stage.cache()
      await cache.set('grace', 'v0', { grace: 10, tags: ['t'] })
      await cache.set('tagged', 'v0', { grace: 10, tags: ['t'] })
      await cache.set('none', 'v0', { tags: ['t'] })
      await cache.invalidate(['grace', 'none'], { keepStale: true })
      await cache.invalidateTag('t', { keepStale: true })
      const look = async (): Promise<void> => {
        await stage.caller('fresh', () => cache.getMany(['grace', 'tagged', 'none']))
        await stage.caller('stale', () => cache.getMany(['grace', 'tagged', 'none'], { stale: true }))
      }
      await look()
      expect(await cache.expire('grace', 5)).toBe(false)
      await stage.until(9999)
      await look()
      await cache.invalidateTag('t')
      await look()

      stage.saw(
        '0 fresh: {}',
        '0 stale: {"grace":"v0","tagged":"v0"}',
        '9999 fresh: {}',
        '9999 stale: {"grace":"v0","tagged":"v0"}',
        '9999 fresh: {}',
        '9999 stale: {}',
      )
    })

    timeline(engine, 'does not come back as fresh when it is invalidated during its refresh', async () => {
      const stage = new Stage(engine, entry)
      const cache = stage.cache()
      await cache.set('k', 'v0')
      await stage.until(2000)
      void stage.caller('a', () => cache.getOrSet('k', stage.loader()))
      await stage.until(2020)
      stage.version = 2
      await cache.delete('k')
      void stage.caller('b', () => cache.getOrSet('k', stage.loader()))
      await stage.until(2100)
      await stage.caller('c', () => cache.get('k'))

      stage.saw('2000 query 1', '2000 a: v0', '2020 query 2', '2070 b: v2', '2100 c: v2')
      expect(cache.stats().refusedFills).toBe(1)
    })
  })

  describe(`refresh-ahead of ${engine.name}`, () => {
    timeline(engine, 'loads in the background when the part of the ttl has passed', async () => {
      const stage = new Stage(engine, { ttl: 10, refreshAhead: 0.8 })
      const cache = stage.cache()
      const ask = (name: string): Promise<void> =>
        stage.caller(name, () => cache.getOrSet('k', stage.loader()))
      await cache.set('k', 'v0')
      await stage.until(7999)
      await ask('before')
      await stage.until(8000)
      await Promise.all([ask('a'), ask('b')])
      await stage.until(8100)
      await ask('c')
      await stage.until(16_000)
      await ask('d')

      stage.saw('7999 before: v0', '8000 query 1', '8000 a: v0', '8000 b: v0', '8100 c: v1', '16000 d: v1')
      expect(cache.stats()).toMatchObject({ hits: 5, misses: 0, refreshes: 1 })
    })

    timeline(
      engine,
      'is not hurt by loads that take longer than what is left, nor by one that fails',
      async () => {
        const stage = new Stage(engine, { ttl: 10, refreshAhead: 0.9 })
        const cache = stage.cache()
        const ask = (name: string, takesMs: number, fails?: string): void =>
          void stage.caller(name, () =>
            cache.getOrSet('k', stage.loader(fails === undefined ? { takesMs } : { takesMs, fails })),
          )
        await cache.set('k', 'v0')
        await stage.until(9000)
        ask('a', 3000)
        await stage.until(11_000)
        ask('after the ttl', 50)
        await stage.until(12_100)
        ask('b', 50)
        await stage.until(21_500)
        ask('fails', 50, 'down')
        await stage.until(21_600)
        ask('again', 50)
        await stage.until(21_700)

        stage.saw(
          '9000 query 1',
          '9000 a: v0',
          '12000 after the ttl: v1',
          '12100 b: v1',
          '21500 query 2',
          '21500 fails: v1',
          '21600 query 3',
          '21600 again: v1',
        )
      },
    )

    timeline(engine, 'asks the store before it loads: another process may have been faster', async () => {
      const stage = new Stage(engine, { ttl: 10, refreshAhead: 0.5 })
      const [one, two] = [stage.cache(), stage.cache()]
      await one.set('k', 'v0')
      await stage.until(6000)
      await stage.caller('a', () => one.getOrSet('k', stage.loader()))
      await stage.caller('b', () => two.getOrSet('k', stage.loader()))
      await stage.until(6500)

      stage.saw('6000 query 1', '6000 a: v0', '6000 b: v0')
      expect(two.stats()).toMatchObject({ loads: 0, refreshes: 1 })
    })

    timeline(engine, 'does not load again and again what its loader made short-lived', async () => {
      const stage = new Stage(engine, { ttl: 100, refreshAhead: 0.5 })
      const cache = stage.cache()
      const short = stage.loader({ takesMs: 0, says: ({ setTtl }) => setTtl(20) })
      const times = []
      for (let ms = 0; ms < 60_000; ms += 1000) {
        await stage.until(ms)
        await stage.caller('a', () => Promise.all([cache.getOrSet('k', short), stage.until(ms + 1)]))
        times.push(stage.queries)
      }

      expect(stage.queries).toBeLessThanOrEqual(7)
    })
  })
}
