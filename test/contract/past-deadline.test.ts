import { expect, it } from 'vitest'
import { onEveryEngine } from '../support/every-engine.ts'

const TTL_MS = 200

function block(ms: number): void {
  const endMs = performance.now() + ms
  while (performance.now() < endMs);
}

onEveryEngine('an entry whose time ends while the process is busy', (maker) => {
  it('is served in no later turn of the event loop', async () => {
    const cache = await maker.make()
    await cache.set('k', 'value', TTL_MS / 1_000)
    await cache.get('k')
    block(TTL_MS + 50)
    await new Promise(setImmediate)
    for (let read = 0; read < 50; read++) {
      expect(await cache.get('k')).toBeUndefined()
      expect((await cache.getMany(['k'])).size).toBe(0)
      expect(await cache.has('k')).toBe(false)
      expect(await cache.ttl('k')).toBeUndefined()
    }
    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded')
    await cache.close()
  })
})
