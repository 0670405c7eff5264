import { expect, it } from 'vitest'
import { MemoryCache } from 'cachette'
import { FakeClock } from 'cachette/testing'

// A ttl that is a date is an instant, however long the load takes.
it.each(['given to the call', 'set by the loader'])('ends an entry at the date %s', async (how) => {
  const clock = new FakeClock()
  const cache = new MemoryCache({ clock, timers: clock })
  const end = new Date(clock.wallNow() + 10_000)
  const loading = cache.getOrSet(
    'k',
    async ({ setTtl }) => {
      if (how === 'set by the loader') setTtl(end)
      await clock.advance('8s')
      return 'v'
    },
    how === 'given to the call' ? { ttl: end } : { ttl: '1h' },
  )
  expect(await loading).toBe('v')
  expect(await cache.ttl('k')).toBe(2)
  await clock.advance('3s')
  expect(await cache.get('k')).toBe(undefined)
  await cache.close()
})

it('keeps a span that a loader sets after a date', async () => {
  const clock = new FakeClock()
  const cache = new MemoryCache({ clock, timers: clock })
  const end = new Date(clock.wallNow() + 10_000)
  await cache.getOrSet('k', ({ setTtl }) => (setTtl('1h'), 'v'), { ttl: end })
  expect(await cache.ttl('k')).toBe(3600)
  await cache.close()
})
