// Plays that have to be in one process with the cache, because they look at objects.
import type { Candidate } from './candidate.ts'

interface Page {
  list: string[]
}

class Money {
  readonly cents: number

  constructor(cents: number) {
    this.cents = cents
  }

  double(): number {
    return this.cents * 2
  }
}

export const LOCAL_PLAYS: Readonly<Record<string, (cache: Candidate) => Promise<unknown>>> = {
  'source changed': async (cache) => {
    const page: Page = { list: ['a'] }
    await cache.set('source', page, {})
    page.list.push('b')
    return ((await cache.get('source')) as Page).list
  },
  'answer changed': async (cache) => {
    await cache.set('answer', { list: ['a'] }, {})
    ;((await cache.get('answer')) as Page).list.push('b')
    return ((await cache.get('answer')) as Page).list
  },
  'loaded changed': async (cache) => {
    const load = async (): Promise<Page> =>
      (await cache.load!('loaded', async () => ({ list: ['a'] }), {})) as Page
    ;(await load()).list.push('b')
    return (await load()).list
  },
  // A service has read the type once, and relies on it.
  'type of a loaded date': async (cache) => {
    const load = async (): Promise<{ at: unknown }> =>
      (await cache.load!('typed', async () => ({ at: new Date(0) }), {})) as { at: unknown }
    const types = [await load(), await load()].map(({ at }) => (at instanceof Date ? 'Date' : typeof at))
    return types
  },
  instance: async (cache) => {
    await cache.set('money', new Money(5), {})
    return (await cache.get('money')) instanceof Money
  },
  'undefined property': async (cache) => {
    await cache.set('partly', { a: 1, b: undefined }, {})
    return Object.keys((await cache.get('partly')) as object)
  },
  synchronous: async (cache) => {
    await cache.set('now', 1, {})
    return cache.isSynchronous && cache.get('now') === 1
  },
  // Names of properties that every object has.
  'prototype keys': async (cache) => {
    const found: string[] = []
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      if ((await cache.get(key)) !== undefined) found.push(`${key} before it was set`)
      await cache.set(key, { of: key }, {})
      if (((await cache.get(key)) as { of?: string } | undefined)?.of !== key) found.push(key)
    }
    await cache.set('own', JSON.parse('{"__proto__": {"isAdmin": true}, "a": 1}'), {})
    const read = (await cache.get('own')) as { isAdmin?: boolean } | undefined
    if (read?.isAdmin === true || ({} as { isAdmin?: boolean }).isAdmin === true)
      found.push('a polluted prototype')
    return found
  },
}
