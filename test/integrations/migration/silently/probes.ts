// Questions whose answers differ between a library and Cachette without an error or a type that would tell.
import { deferred } from '../../../support/deferred.ts'
import type { Subject } from './subject.ts'

/** The sides of a question: a cache, the same in another process, and a command of the server. */
export interface Sides {
  readonly here: Subject
  /** Another cache over the same server; of a library in memory there is none. */
  readonly elsewhere: Subject | undefined
  readonly command: (...args: readonly string[]) => Promise<unknown>
}
type Probe = (sides: Sides) => Promise<string>

const kindOf = (value: unknown): string => {
  if (value === undefined) return 'nothing'
  if (value instanceof Date) return 'a `Date`'
  if (value instanceof Map) return 'a `Map`'
  return typeof value === 'string' ? 'text' : `\`${JSON.stringify(value)}\``
}
const orError = async (ask: () => Promise<string>): Promise<string> => {
  try {
    return await ask()
  } catch {
    return 'an error'
  }
}

const fidelity =
  (value: unknown): Probe =>
  async ({ here, elsewhere }) => {
    // The other process may still have what an earlier question left under a key.
    const key = `value:${Object.prototype.toString.call(value).slice(8, -1)}`
    await here.set(key, value)
    const own = kindOf(await here.get(key))
    const other = elsewhere === undefined ? own : kindOf(await elsewhere.get(key))
    return own === other ? own : `${own}; in another process ${other}`
  }

/** Tells whether a loaded value is kept. */
const kept =
  (value: unknown): Probe =>
  async ({ here }) => {
    let loads = 0
    const load = async (): Promise<unknown> => {
      loads++
      return value
    }
    await here.load('kept', load)
    await here.load('kept', load)
    return loads === 1 ? 'kept' : 'loaded each time'
  }

const lasts =
  (ttl: number): Probe =>
  async ({ here, command }) => {
    if ((await here.set('lasts', 1, ttl)) === false || (await here.get('lasts')) === undefined)
      return 'not kept'
    let leftMs = await here.leftMs?.('lasts')
    if (leftMs === undefined) {
      const keys = (await command('KEYS', '*lasts')) as readonly string[]
      leftMs = Number(await command('PTTL', keys[0]!))
      if (leftMs === -1) leftMs = Infinity
    }
    if (leftMs === Infinity || leftMs === 0) return 'for ever'
    return leftMs > 1000 ? `${Math.ceil(leftMs / 1000)} s` : `${Math.ceil(leftMs / 100) / 10} s`
  }

/** Tells whether a change of a value that was read changes the cache. */
const shared: Probe = async ({ here }) => {
  await here.set('shared', { name: 'Ada' })
  const read = (await here.get('shared')) as { name: string }
  try {
    read.name = 'changed'
  } catch {
    return 'an error: it is frozen'
  }
  const again = (await here.get('shared')) as { name: string }
  return again.name === 'Ada' ? 'the cache is as it was' : 'the cache is changed'
}

/** Tells whether a load that began before a delete stores what it has read, and what its caller gets. */
const lateLoad: Probe = async ({ here }) => {
  const database = deferred<unknown>()
  const began = deferred()
  const loading = here.load('late', async () => {
    began.resolve()
    return database.promise
  })
  await began.promise
  await here.delete('late')
  database.resolve('old')
  const answer = await orError(async () => ((await loading) === 'old' ? 'its answer' : 'nothing'))
  const isKept = (await here.get('late')) !== undefined
  return `is ${isKept ? 'kept: an old value' : 'not kept'}; its caller gets ${answer}`
}

const crowd: Probe = async ({ here }) => {
  let loads = 0
  const load = async (): Promise<unknown> => {
    loads++
    await new Promise(setImmediate)
    return 1
  }
  await Promise.all(Array.from({ length: 10 }, async () => here.load('crowd', load)))
  return loads === 1 ? '1 load' : `${loads} loads`
}

/** The questions by what the reader asks. */
export const PROBES: Readonly<Record<string, Probe>> = {
  'the ttl `600` lasts': lasts(600),
  'the ttl `0` lasts': lasts(0),
  'a loader answers `null`': kept(null),
  'a loader answers `undefined`': kept(undefined),
  'a `Date` is read as': fidelity(new Date(0)),
  'a `Map` is read as': fidelity(new Map([['a', 1]])),
  'a value that was read is changed': shared,
  'a load under way at a delete': lateLoad,
  'ten callers of a missing key': crowd,
}

/** Asks all of it; a question that throws has an answer, too. */
export async function ask(sides: Sides): Promise<readonly string[]> {
  const answers: string[] = []
  for (const probe of Object.values(PROBES)) answers.push(await orError(async () => probe(sides)))
  return answers
}
