import { describe, expect } from 'vitest'
import { LoadCooldownError, LoaderTimeoutError, type LoadContext } from '../../../../src/index.ts'
import { failureOf } from '../../../support/error-of.ts'
import { Stage, timeline, type Engine } from './stage.ts'

/** Loaders that hang, fail or are too many: who gets what, and when. */
export function limitTimelines(engine: Engine): void {
  describe(`hardTimeout of ${engine.name}`, () => {
    timeline(engine, 'answers who waits, aborts the loader, and lets who comes later load', async () => {
      const stage = new Stage(engine, { hardTimeout: 1 })
      const cache = stage.cache()
      const reasons: unknown[] = []
      const hang = stage.loader({
        takesMs: Infinity,
        says: ({ signal }) => signal.addEventListener('abort', () => reasons.push(signal.reason)),
      })
      void stage.caller('a', () => cache.getOrSet('k', hang))
      await stage.until(400)
      void stage.caller('b', () => cache.getOrSet('k', hang))
      void stage.caller('other key', () => cache.getOrSet('x', stage.loader()))
      await stage.until(1200)
      void stage.caller('c', () => cache.getOrSet('k', stage.loader()))
      await stage.until(3000)
      await stage.caller('d', () => cache.get('k'))

      const timeout = "LoaderTimeoutError: 'k': not loaded within 1000 ms (hardTimeout)"
      stage.saw(
        '0 query 1',
        '400 query 2',
        '450 other key: v1',
        `1000 a: ${timeout}`,
        `1000 b: ${timeout}`,
        '1200 query 3',
        '1250 c: v1',
        '3000 d: v1',
      )
      expect(reasons).toEqual([expect.any(LoaderTimeoutError)])
      expect(cache.stats()).toMatchObject({ loadTimeouts: 1, loads: 3, coalesced: 1 })
      stage.hasTimers(0)
    })

    timeline(engine, 'stores what ends soon after it, and nothing that ends later', async () => {
      const stage = new Stage(engine, { hardTimeout: 1 })
      const cache = stage.cache()
      void stage.caller('soon', () => cache.getOrSet('soon', stage.loader({ takesMs: 1900 })))
      void stage.caller('late', () => cache.getOrSet('late', stage.loader({ takesMs: 2100 })))
      await stage.until(2500)

      expect(await cache.getMany(['soon', 'late'])).toEqual(new Map([['soon', 'v1']]))
    })

    timeline(engine, 'is known to a loader that asks for its signal only then', async () => {
      const stage = new Stage(engine, { hardTimeout: 1 })
      const cache = stage.cache()
      const seen: unknown[] = []
      const load = async (context: LoadContext): Promise<number> => {
        await stage.wait(1500)
        seen.push(context.signal.aborted, context.signal.reason)
        return 1
      }
      void stage.caller('a', () => cache.getOrSet('k', load))
      await stage.until(2000)

      expect(seen).toEqual([true, expect.any(LoaderTimeoutError)])
    })

    timeline(engine, 'serves what is stale', async () => {
      const stage = new Stage(engine, { ttl: 1, grace: 60, hardTimeout: 0.5, softTimeout: 2 })
      const cache = stage.cache()
      await cache.set('k', 'v0')
      await stage.until(2000)
      void stage.caller('a', () => cache.getOrSet('k', stage.loader({ takesMs: Infinity })))
      await stage.until(4000)

      stage.saw('2000 query 1', '2500 a: v0')
      expect(cache.stats().staleServed.timeout).toBe(1)
    })

    timeline(
      engine,
      'holds for every key of a loader of several, and for a load that waits for another process',
      async () => {
        const stage = new Stage(engine, { hardTimeout: 1 })
        const [one, two] = [stage.cache({ hardTimeout: 5 }), stage.cache()]
        void stage.caller('one', () => one.getOrSet('a', stage.loader({ takesMs: 3000 })))
        void stage.caller('many', () => two.getOrSetMany(['a', 'b'], () => ({ b: 'B' })))
        await stage.until(4000)

        stage.saw(
          '0 query 1',
          "1000 many: LoaderTimeoutError: 'a': not loaded within 1000 ms (hardTimeout)",
          '3000 one: v1',
        )
        expect(await two.get('b')).toBe('B')
      },
    )
  })

  describe(`a loader that fails behind ${engine.name}`, () => {
    timeline(
      engine,
      'is called once a flight: its callers get the same error, and the next one starts anew',
      async () => {
        const stage = new Stage(engine)
        const cache = stage.cache()
        const load = stage.loader({ fails: 'down' })
        const ask = (): Promise<unknown> => failureOf(() => cache.getOrSet('k', load))
        const flight = Promise.all(Array.from({ length: 1000 }, ask))
        await stage.until(100)
        const errors = await flight
        const next = ask()
        await stage.until(200)

        expect(new Set(errors).size).toBe(1)
        expect(await next).not.toBe(errors[0])
        expect(stage.queries).toBe(2)
      },
    )

    timeline(engine, 'is not called again by any process before loadErrorTtl has passed', async () => {
      const stage = new Stage(engine, { loadErrorTtl: 5 })
      const [one, two] = [stage.cache(), stage.cache()]
      void stage.caller('first', () => one.getOrSet('k', stage.loader({ fails: 'down' })))
      await stage.until(20)
      void stage.caller('waits', () => two.getOrSet('k', stage.loader()))
      await stage.until(300)
      await stage.caller('same process', () => one.getOrSet('k', stage.loader()))
      await stage.caller('several', () => two.getOrSetMany(['k'], () => ({ k: 1 })))
      await stage.until(5049)
      await stage.caller('last', () => two.getOrSet('k', stage.loader()))
      await stage.until(5050)
      void stage.caller('after', () => two.getOrSet('k', stage.loader()))
      await stage.until(5100)

      const events = stage.events
      expect(events.filter((event) => !event.includes('waits'))).toEqual([
        '0 query 1',
        '50 first: Error: down',
        '300 same process: LoadCooldownError: down',
        '300 several: LoadCooldownError: down',
        '5049 last: LoadCooldownError: down',
        '5050 query 2',
        '5100 after: v1',
      ])
      expect(events.find((event) => event.includes('waits'))).toMatch(/ waits: LoadCooldownError: down$/)
      expect(await failureOf(() => Promise.reject(new LoadCooldownError('x')))).toMatchObject({
        code: 'ERR_CACHE_LOAD_COOLDOWN',
      })
    })

    for (const method of ['set', 'delete', 'clear', 'refresh'])
      timeline(engine, `is called again after a ${method}`, async () => {
        const stage = new Stage(engine, { loadErrorTtl: 60 })
        const cache = stage.cache()
        void stage.caller('a', () => cache.getOrSet('k', stage.loader({ fails: 'down' })))
        await stage.until(100)
        if (method === 'set') await cache.set('k', 'set', 1)
        else if (method === 'delete') await cache.delete('k')
        else if (method === 'clear') await cache.clear()
        else void stage.caller('refresh', () => cache.refresh('k', stage.loader()))
        await stage.until(2000)
        if (method === 'refresh') await cache.expire('k', new Date(0))
        void stage.caller('b', () => cache.getOrSet('k', stage.loader()))
        await stage.until(2100)

        expect(stage.events.at(-1)).toBe('2050 b: v1')
      })

    timeline(
      engine,
      'costs one query a cool-down in two processes while all get the stale value',
      async () => {
        const stage = new Stage(engine, { ttl: 1, grace: 60, loadErrorTtl: 5 })
        const caches = [stage.cache(), stage.cache()]
        await caches[0]!.set('k', 'v0')
        const got: unknown[] = []
        for (let ms = 2000; ms < 12_000; ms += 100) {
          await stage.until(ms)
          for (const cache of caches)
            for (let caller = 0; caller < 10; caller++)
              got.push(await cache.getOrSet('k', stage.loader({ takesMs: 10, fails: 'down' })))
        }

        expect(got.length).toBe(2000)
        expect(new Set(got)).toEqual(new Set(['v0']))
        // More time has passed than on the clock if a server counts the cool-down.
        expect(stage.queries).toBeLessThanOrEqual(engine.real === undefined ? 2 : 4)
        // Nor is the store asked by every caller.
        expect(caches[1]!.stats().refreshes).toBeLessThan(20)
        expect(caches[1]!.stats().staleServed.cooldown).toBeGreaterThan(500)
      },
    )

    timeline(engine, 'serves the stale value of who would wait, too', async () => {
      const stage = new Stage(engine, {
        ttl: 1,
        grace: 60,
        loadErrorTtl: 5,
        softTimeout: 1,
        hardTimeout: 0.5,
      })
      const cache = stage.cache()
      await cache.set('k', 'v0')
      await stage.until(2000)
      void stage.caller('hangs', () => cache.getOrSet('k', stage.loader({ takesMs: Infinity })))
      await stage.until(2600)
      await stage.caller('at once', () => cache.getOrSet('k', stage.loader()))
      await stage.until(4000)
      await stage.caller('cool-down', () => cache.getOrSet('k', stage.loader()))
      await stage.until(9000)
      void stage.caller('after', () => cache.getOrSet('k', stage.loader()))
      await stage.until(9100)

      stage.saw(
        '2000 query 1',
        '2500 hangs: v0',
        '2600 at once: v0',
        '4000 cool-down: v0',
        '9000 query 2',
        '9050 after: v1',
      )
      expect(cache.stats().staleServed).toMatchObject({ timeout: 2, cooldown: 1 })
    })
  })

  describe(`the end of waiting behind ${engine.name}`, () => {
    timeline(
      engine,
      'comes with leaseWait when another process holds the key: it loads and stores nothing',
      async () => {
        const stage = new Stage(engine)
        const [one, two] = [stage.cache(), stage.cache()]
        void stage.caller('holder', () => one.getOrSet('k', stage.loader({ takesMs: 5000 })))
        void stage.caller('a', () => two.getOrSet('k', stage.loader({ answers: 'own' }), { leaseWait: 1 }))
        void stage.caller('b', () => two.getOrSet('k', stage.loader({ answers: 'own' })))
        await stage.until(2000)
        await stage.caller('stored', () => one.get('k'))
        await stage.until(6000)

        stage.saw(
          '0 query 1',
          '1000 query 2',
          '1050 a: own',
          '1050 b: own',
          '2000 stored: undefined',
          '5000 holder: v1',
        )
        expect(await two.get('k')).toBe('v1')
      },
    )

    timeline(engine, 'comes with the null that another process has loaded', async () => {
      const stage = new Stage(engine)
      const [one, two] = [stage.cache(), stage.cache()]
      const none = stage.loader({ takesMs: 300, answers: null })
      void one.getOrSet('k', none)
      void one.getOrSetMany(['a', 'b'], async () => (await stage.wait(300), { a: null, b: 1 }))
      await stage.until(50)
      const waiting = Promise.all([
        two.getOrSet('k', stage.loader()),
        two.getOrSetMany(['a', 'b'], () => ({ a: 'own', b: 'own' })),
      ])
      await stage.until(1000)
      const [value, values] = await waiting
      expect(value).toBe(null)
      expect([...values]).toEqual([
        ['a', null],
        ['b', 1],
      ])
    })

    timeline(engine, 'is over for callers who come when a loader has hung for a minute', async () => {
      const stage = new Stage(engine)
      const cache = stage.cache()
      void stage.caller('hangs', () => cache.getOrSet('k', stage.loader({ takesMs: Infinity })))
      void stage.caller('hangs', () =>
        cache.getOrSetMany(['a', 'b'], async () => (await stage.wait(Infinity), {})),
      )
      await stage.until(61_000)
      void stage.caller('later', () => cache.getOrSet('k', stage.loader()))
      void stage.caller('later', () => cache.getOrSetMany(['a', 'b'], () => ({ a: 1, b: 2 })))
      await stage.until(61_500)
      expect(stage.events.join()).toMatch(/61050 later: v1/)
      expect(await cache.getMany(['k', 'a', 'b'])).toEqual(
        new Map<string, unknown>([
          ['k', 'v1'],
          ['a', 1],
          ['b', 2],
        ]),
      )
    })

    timeline(engine, 'never comes from a loader that hangs: after a minute its lease is free', async () => {
      const stage = new Stage(engine)
      const [one, two] = [stage.cache(), stage.cache({ leaseWait: '5m' })]
      void stage.caller('hangs', () => one.getOrSet('k', stage.loader({ takesMs: Infinity })))
      void stage.caller('waits', () => two.getOrSet('k', stage.loader()))
      await stage.until(59_000)
      expect(stage.events).toEqual(['0 query 1'])
      // It ends after a minute if it is renewed for one.
      await stage.until(66_000)
      expect(stage.events.join()).toMatch(/query 2,\d+ waits: v1/)
      await stage.caller('same process', () => one.getOrSet('k', stage.loader()))
      expect(stage.events).toEqual(['66000 same process: v1'])
    })

    timeline(
      engine,
      'of one caller is nothing to the others, nor to a refresh in the background',
      async () => {
        const stage = new Stage(engine, { ttl: 1, grace: 60 })
        const cache = stage.cache()
        const controller = new AbortController()
        const { signal } = controller
        void stage.caller('first', () => cache.getOrSet('k', stage.loader(), { signal }))
        void stage.caller('other', () => cache.getOrSet('k', stage.loader()))
        await stage.until(10)
        controller.abort(new Error('left'))
        await stage.until(2000)
        void stage.caller('stale', () => cache.getOrSet('k', stage.loader()))
        await stage.until(2000)
        const joins = new AbortController()
        void stage.caller('joins', () =>
          cache.getOrSet('k', stage.loader(), { signal: joins.signal, grace: false }),
        )
        await stage.until(2010)
        joins.abort(new Error('left'))
        await stage.until(2100)
        await stage.caller('get', () => cache.get('k'))

        stage.saw(
          '0 query 1',
          '10 first: Error: left',
          '50 other: v1',
          '2000 query 2',
          '2000 stale: v1',
          '2010 joins: Error: left',
          '2100 get: v1',
        )
      },
    )
  })

  describe(`maxConcurrentLoads of ${engine.name}`, () => {
    timeline(engine, 'lets so many loads run, and the others wait for their turn', async () => {
      const stage = new Stage(engine, { maxConcurrentLoads: 2 })
      const cache = stage.cache()
      for (const key of ['a', 'b', 'c', 'd', 'e'])
        void stage.caller(key, () => cache.getOrSet(key, stage.loader()))
      await stage.until(60)
      expect(stage.underWay).toBe(2)
      await stage.until(200)

      stage.saw(
        '0 query 1',
        '0 query 2',
        '50 a: v1',
        '50 b: v1',
        '50 query 3',
        '50 query 4',
        '100 c: v1',
        '100 d: v1',
        '100 query 5',
        '150 e: v1',
      )
    })

    timeline(engine, 'keeps no load waiting that another one needs', async () => {
      const stage = new Stage(engine, { maxConcurrentLoads: 1 })
      const cache = stage.cache()
      const outer = async (): Promise<string> => {
        await stage.wait(20)
        const inner = await cache.getOrSet<string>('inner', stage.loader() as () => Promise<string>)
        const queued = await cache.getOrSet<string>('queued', stage.loader() as () => Promise<string>)
        return `${inner} ${queued}`
      }
      void stage.caller('outer', () => cache.getOrSet('outer', outer))
      void stage.caller('queued', () => cache.getOrSet('queued', stage.loader()))
      await stage.until(300)

      stage.saw('20 query 1', '70 query 2', '120 outer: v1 v1', '120 queued: v1')
    })

    timeline(engine, 'gives the turn on when a loader fails or hangs', async () => {
      const stage = new Stage(engine, { maxConcurrentLoads: 1, hardTimeout: 1 })
      const cache = stage.cache()
      void stage.caller('fails', () => cache.getOrSet('a', stage.loader({ fails: 'down' })))
      void stage.caller('hangs', () => cache.getOrSet('b', stage.loader({ takesMs: Infinity })))
      await stage.until(100)
      void stage.caller('waits', () => cache.getOrSet('d', stage.loader(), { hardTimeout: false }))
      await stage.until(3000)

      stage.saw(
        '0 query 1',
        '50 fails: Error: down',
        '50 query 2',
        "1000 hangs: LoaderTimeoutError: 'b': not loaded within 1000 ms (hardTimeout)",
        '2000 query 3',
        '2050 waits: v1',
      )
    })
  })
}
