// Every pair of methods on one key, un-awaited. State and answers must be as if each call had been awaited.
import { isDeepStrictEqual } from 'node:util'
import type { BaseCache } from 'cachette'
import { told } from '../../system/differential/told.ts'

/** The objects of a call. */
interface Stage {
  readonly cache: BaseCache
  readonly key: string
  readonly tags: readonly string[]
  /** Runs the body of a loader. */
  load<T>(body: () => T): T | Promise<T>
}
type Call = (stage: Stage) => Promise<unknown>

const TTL = 50
const SHORT = 5

const loading =
  (method: 'getOrSet' | 'refresh'): Call =>
  async ({ cache, key, tags, load }) =>
    cache[method](key, () => load(() => ({ by: method })), { ttl: TTL, tags })

/** Methods by name. Each changes or reads one key. */
export const METHODS: Readonly<Record<string, Call>> = {
  get: async ({ cache, key }) => cache.get(key),
  getMany: async ({ cache, key }) => [...(await cache.getMany([key, `${key}other`])).values()],
  has: async ({ cache, key }) => cache.has(key),
  ttl: async ({ cache, key }) => isShort(await cache.ttl(key)),
  set: async ({ cache, key, tags }) => cache.set(key, { by: 'set' }, { ttl: TTL, tags }),
  'set with grace': async ({ cache, key, tags }) =>
    cache.set(key, { by: 'set with grace' }, { ttl: TTL, grace: TTL, tags }),
  'set with a row version': async ({ cache, key, tags }) =>
    cache.set(key, { by: 'set with a row version' }, { ttl: TTL, rowVersion: 7, tags }),
  'set if absent': async ({ cache, key, tags }) =>
    cache.set(key, { by: 'set if absent' }, { ttl: TTL, tags, ifAbsent: true }),
  setMany: async ({ cache, key, tags }) => {
    const value = { by: 'setMany' }
    return cache.setMany(new Map([key, `${key}other`].map((one) => [one, value])), { ttl: TTL, tags })
  },
  delete: async ({ cache, key }) => cache.delete(key),
  deleteMany: async ({ cache, key }) => cache.deleteMany([key, `${key}other`]),
  invalidate: async ({ cache, key }) => (await cache.invalidate(key)).l2,
  'invalidate by row version': async ({ cache, key }) => (await cache.invalidate(key, { rowVersion: 9 })).l2,
  'invalidate softly': async ({ cache, key }) => (await cache.invalidate(key, { keepStale: true })).l2,
  invalidateTag: async ({ cache, tags }) => (await cache.invalidateTag(tags[0] ?? 'none')).l2,
  'invalidateTag softly': async ({ cache, tags }) =>
    (await cache.invalidateTag(tags[0] ?? 'none', { keepStale: true })).l2,
  take: async ({ cache, key }) => cache.take(key),
  expire: async ({ cache, key }) => cache.expire(key, SHORT),
  increment: async ({ cache, key, tags }) => cache.increment(`${key}n`, 1, { ttl: TTL, tags }),
  decrement: async ({ cache, key, tags }) => cache.decrement(`${key}n`, 2, { ttl: TTL, tags }),
  getOrSet: loading('getOrSet'),
  getOrSetMany: async ({ cache, key, tags, load }) => {
    const loader = async (keys: readonly string[]): Promise<Record<string, unknown>> =>
      load(() => Object.fromEntries(keys.map((one) => [one, { by: 'getOrSetMany' }])))
    return [...(await cache.getOrSetMany([key, `${key}other`], loader, { ttl: TTL, tags })).values()]
  },
  refresh: loading('refresh'),
  deleteByPrefix: async ({ cache, key }) => cache.deleteByPrefix(key),
  clear: async ({ cache }) => cache.clear(),
}

const LOADS: ReadonlySet<string> = new Set(['getOrSet', 'getOrSetMany', 'refresh'])

/** Outcome of a round: the answers, the number of loader calls, and the final state. */
interface Outcome {
  readonly answers: readonly unknown[]
  readonly loads: number
  readonly state: unknown
}

/** Kinds of tags of an entry. `namespace`: the calls are made on a namespace of their own. */
export const KINDS_OF_TAGS = ['plain', 'known', 'unknown', 'namespace'] as const

/** A pair of methods, and the state before. */
export interface Play {
  readonly pair: readonly [first: string, second: string]
  readonly tags: (typeof KINDS_OF_TAGS)[number]
  readonly isFilled: boolean
}

const NAMES = Object.keys(METHODS)

/** Every pair with every kind of tags. Only a namespace is cleared. */
export const PLAYS: readonly Play[] = KINDS_OF_TAGS.flatMap((tags) => {
  const names = tags === 'namespace' ? NAMES : NAMES.filter((name) => name !== 'clear')
  return names.flatMap((first) =>
    names.flatMap((second) =>
      [true, false].map((isFilled): Play => ({ pair: [first, second], tags, isFilled })),
    ),
  )
})

/**
 * Whether a play deletes by prefix. In memory that takes several turns if there are many entries, and its count leaves
 * out those that a tag hides meanwhile (docs/contract.md), so that such plays have a small cache of their own.
 */
export function isSweep({ pair }: Play): boolean {
  return pair.includes('deleteByPrefix')
}

/** The outcomes that are right, by play. They are the same in every round. */
export class Histories {
  readonly #right = new Map<Play, Promise<readonly Outcome[]>>()

  /** Plays a pair un-awaited. Returns the difference, or `undefined` if the outcome is right. */
  async differs(cache: BaseCache, play: Play, round: string): Promise<string | undefined> {
    const found = await played(cache, play, `${round}:un:`, 'unawaited')
    let right = this.#right.get(play)
    if (right === undefined) {
      right = rightOf(cache, play, round)
      this.#right.set(play, right)
    }
    const outcomes = await right
    if (outcomes.some((outcome) => isDeepStrictEqual(outcome, found))) return undefined
    const { pair, tags, isFilled } = play
    return `${pair.join(', ')}, ${tags}${isFilled ? ', filled' : ''}: ${told(found)}, not ${outcomes.map(told).join(' or ')}`
  }
}

// A load has its place by its read, and its fill comes later or is refused. So the second call may come in between.
async function rightOf(cache: BaseCache, play: Play, round: string): Promise<readonly Outcome[]> {
  const { isFilled } = play
  const [first, second] = play.pair
  const awaited = await played(cache, play, `${round}:awaited:`, 'awaited')
  const right = [awaited]
  if (LOADS.has(first)) {
    right.push(await played(cache, play, `${round}:during:`, 'during'))
    right.push(await played(cache, play, `${round}:swapped:`, 'swapped'))
  }
  const [awaitedAnswer, secondAnswer] = awaited.answers
  if (LOADS.has(first) && LOADS.has(second))
    for (const outcome of right.slice()) right.push({ ...outcome, loads: outcome.loads - 1 })
  // A change in between gives a key that is asked for with others a load of its own.
  if (first === 'getOrSetMany')
    for (const outcome of right.slice()) right.push({ ...outcome, loads: outcome.loads + 1 })
  // Of several keys, the load may find those that the second call has stored, because it asks for missing keys later.
  const swapped = right[2]?.answers[0]
  if (Array.isArray(awaitedAnswer) && Array.isArray(swapped) && isFilled)
    right.push({
      ...awaited,
      answers: [[awaitedAnswer[0], ...swapped.slice(1)], secondAnswer],
      loads: right[2]!.loads,
    })
  return right
}

/** The way of playing a pair: un-awaited, or in a way that this is compared with. */
type Way = 'unawaited' | 'awaited' | 'during' | 'swapped'

async function played(root: BaseCache, play: Play, key: string, way: Way): Promise<Outcome> {
  const isNamespace = play.tags === 'namespace'
  const cache = isNamespace ? root.namespace(`ns${key}`) : root
  const tags = play.tags === 'plain' || isNamespace ? [] : [`tag:${key}`]
  // A new tag is not known yet, so a call waits for a read of its generation.
  if (play.tags === 'known') await root.set(`known:${key}`, 1, { ttl: TTL, tags })
  if (play.isFilled) await cache.set(key, { by: 'before' }, { ttl: TTL, grace: TTL, tags })
  let loads = 0
  const gate: Gate = { isShut: way === 'during', open: undefined }
  const stage: Stage = {
    cache,
    key,
    tags,
    load: (body) => {
      loads++
      if (!gate.isShut || gate.open !== undefined) return body()
      return new Promise((resolve) => {
        gate.open = () => resolve(body())
      })
    },
  }
  const [one, two] = play.pair.map((name) => async () => METHODS[name]!(stage)) as [Run, Run]
  const answers = await order(way, one, two, gate, LOADS.has(play.pair[1]))
  const seconds = play.pair.includes('expire') ? await cache.ttl(key) : undefined
  const state = [await cache.get(key), isShort(seconds), await cache.get(`${key}n`)]
  return { answers, loads, state }
}

type Run = () => Promise<unknown>

/** Holds the first loader. */
interface Gate {
  isShut: boolean
  open: (() => void) | undefined
}

async function order(way: Way, one: Run, two: Run, gate: Gate, isLoad: boolean): Promise<readonly unknown[]> {
  if (way === 'unawaited') return Promise.all([one(), two()])
  if (way === 'awaited') return [await one(), await two()]
  if (way === 'swapped') return [await two(), await one()].toReversed()
  const first = one()
  const ended = watch(first)
  while (!ended.has && gate.open === undefined) await new Promise(setImmediate)
  gate.isShut = false
  const second = two()
  // No call waits for a loader, but a second load may share the first one.
  if (!isLoad) await second
  else for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
  gate.open?.()
  return Promise.all([first, second])
}

function watch(promise: Promise<unknown>): { has: boolean } {
  const ended = { has: false }
  void promise.then(() => {
    ended.has = true
  })
  return ended
}

function isShort(seconds: number | undefined): boolean {
  // A sum of times may be rounded.
  return seconds !== undefined && seconds < SHORT + 1
}
