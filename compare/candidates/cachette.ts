import type * as Cachette from '../../src/index.ts'
import { type EntryOptions, type Library, peer, TTL_MS } from '../candidate.ts'

const SILENT = { warn: () => undefined, error: () => undefined }
const BUILT = new URL('../../dist/index.mjs', import.meta.url).href

/** Writes the options in the units of the library. */
function translated({ ttl = TTL_MS, tags = [], graceMs, limitMs }: EntryOptions): object {
  return {
    ttl: typeof ttl === 'number' ? ttl / 1000 : ttl,
    tags,
    ...(graceMs !== undefined && { grace: graceMs / 1000 }),
    ...(limitMs !== undefined && { hardTimeout: limitMs / 1000 }),
  }
}

export const cachette: Library = {
  name: 'Cachette',
  packages: ['cachette'],
  hasServer: true,
  hasMemory: true,
  lacks: { getAndProlong: 'a read does not prolong a ttl, on purpose' },
  // Nothing is tuned, because the defaults are those for production.
  async open({ port }) {
    const { createCache } = await peer<Pick<typeof Cachette, 'createCache'>>(BUILT)
    const redis = `redis://127.0.0.1:${port}`
    const cache = await createCache({ redis, prefix: 'compare:', logger: SILENT })
    return {
      isSynchronous: false,
      get: (key) => cache.get(key),
      set: (key, value, options) => cache.set(key, value, translated(options)),
      delete: (key) => cache.delete(key),
      load: (key, loader, options) => cache.getOrSet(key, loader, translated(options)),
      invalidateTag: (tag) => cache.invalidateTag(tag),
      increment: (key) => cache.increment(key),
      setIfAbsent: (key, value) => cache.set(key, value, { ifAbsent: true }),
      namespace: (name) => {
        const part = cache.namespace(name)
        return {
          get: (key) => part.get(key),
          set: (key, value, options) => part.set(key, value, translated(options)),
          clear: () => part.clear(),
        }
      },
    }
  },
}
