// Random calls of every method.
import type { BaseCache, ManyLoader } from 'cachette'
import type { SeededRandom } from '../../../src/testing/random.ts'
import {
  COUNTER,
  duration,
  LOAD,
  options,
  pairsSeen,
  pick,
  piece,
  SET,
  SET_ONE,
  TAGS,
  ttlOrOptions,
  value,
  type Piece,
} from './pieces.ts'
import { loaderSpec, type Probe } from './probe.ts'
import { PATHS, type Actor, type Call, type Kind, type ScopeName } from './step.ts'
import { told, toldTime } from './told.ts'

const KEYS = ['a', 'b', 'c']
const OTHERS: Readonly<Record<ScopeName, readonly string[]>> = {
  root: ['ph:a', 'ns:v2:a', 'n'],
  ns: ['deep:a', 'n'],
  deep: ['n'],
  physical: ['n'],
}

function keyOf(random: SeededRandom, scope: ScopeName): string {
  return random.chance(0.12) ? pick(random, OTHERS[scope]) : pick(random, KEYS)
}

interface Draft {
  readonly kind?: Kind
  readonly text: string
  readonly keys?: readonly string[]
  readonly isWide?: boolean
  readonly isAfter?: boolean
  readonly isPrefix?: boolean
  run(cache: BaseCache, actor: Actor, probe: Probe): Promise<unknown>
}

type Make = (random: SeededRandom, scope: ScopeName) => Draft

const q = (value: unknown): string => JSON.stringify(value)

/** Options of a read; those that only say where this engine looks are its own. */
function reading(random: SeededRandom, method: string): Piece<(actor: Actor) => object> {
  const isStale = random.chance(0.25)
  const isAfter = random.chance(0.15)
  const detour = random.next()
  if (isStale && isAfter) pairsSeen.add(`${method}: after, stale`)
  const text = [...(isStale ? ['stale: true'] : []), ...(isAfter ? ['after: token'] : [])].join(', ')
  return piece(`{ ${text} }`, () => (actor) => ({
    ...(isStale && { stale: true }),
    ...(isAfter && { after: actor.token }),
    ...actor.detour(detour),
  }))
}

const some = (random: SeededRandom, scope: ScopeName): string[] => {
  const keys = new Set([keyOf(random, scope), keyOf(random, scope)])
  if (random.chance(0.3)) keys.add(keyOf(random, scope))
  return [...keys]
}

const invalidation = async (
  actor: Actor,
  invalidate: () => ReturnType<BaseCache['invalidate']>,
): Promise<string> => {
  const { l1, l2, token } = await invalidate()
  actor.token = token
  return `l1 ${l1}, l2 ${l2}`
}

const MAKERS: Readonly<Record<string, readonly [weight: number, make: Make]>> = {
  get: [
    10,
    (random, scope) => {
      const key = keyOf(random, scope)
      const read = reading(random, 'get')
      return {
        text: `(${q(key)}, ${read.text})`,
        keys: [key],
        isAfter: read.text.includes('token'),
        run: async (cache, actor) => cache.get(key, read.make()(actor)),
      }
    },
  ],
  getMany: [
    4,
    (random, scope) => {
      const keys = some(random, scope)
      const read = reading(random, 'getMany')
      return {
        text: `(${q(keys)}, ${read.text})`,
        keys,
        isAfter: read.text.includes('token'),
        run: async (cache, actor) => cache.getMany(keys, read.make()(actor)),
      }
    },
  ],
  set: [
    12,
    (random, scope) => {
      const key = keyOf(random, scope)
      const kept = value(random)
      const isFull = random.chance(0.5)
      const settings = isFull
        ? options(random, 'set', SET_ONE, { result: piece('"full"', () => 'full') })
        : ttlOrOptions(random, 'set', SET_ONE)
      return {
        text: `(${q(key)}, ${kept.text}, ${settings.text})`,
        keys: [key],
        run: async (cache) => cache.set(key, kept.make(), settings.make()),
      }
    },
  ],
  setMany: [
    5,
    (random, scope) => {
      const keys = some(random, scope)
      const entries = keys.map((key) => {
        const kept = value(random)
        const own = options(random, 'setMany of one', SET)
        return random.chance(0.4)
          ? piece(`[${q(key)}, ${kept.text}, ${own.text}]`, () => [key, kept.make(), own.make()] as const)
          : piece(`[${q(key)}, ${kept.text}]`, () => [key, kept.make()] as const)
      })
      const settings = random.chance(0.5)
        ? options(random, 'setMany', SET, { result: piece('"full"', () => 'full') })
        : ttlOrOptions(random, 'setMany', SET)
      return {
        text: `([${entries.map(({ text }) => text).join(', ')}], ${settings.text})`,
        keys,
        run: async (cache) =>
          cache.setMany(
            entries.map((entry) => entry.make()),
            settings.make(),
          ),
      }
    },
  ],
  delete: [
    4,
    (random, scope) => {
      const key = keyOf(random, scope)
      return { text: `(${q(key)})`, keys: [key], run: async (cache) => cache.delete(key) }
    },
  ],
  deleteMany: [
    3,
    (random, scope) => {
      const keys = some(random, scope)
      return { text: `(${q(keys)})`, keys, run: async (cache) => cache.deleteMany(keys) }
    },
  ],
  invalidate: [
    7,
    (random, scope) => {
      const keys = some(random, scope)
      const isStale = random.chance(0.5)
      const rowVersion = random.chance(0.3) ? random.below(6) : undefined
      if (isStale && rowVersion !== undefined) pairsSeen.add('invalidate: keepStale, rowVersion')
      const settings = {
        ...(isStale && { keepStale: true }),
        ...(rowVersion !== undefined && { rowVersion }),
      }
      return {
        text: `(${q(keys)}, ${q(settings)})`,
        keys,
        run: async (cache, actor) => invalidation(actor, async () => cache.invalidate(keys, settings)),
      }
    },
  ],
  invalidateTag: [
    6,
    (random) => {
      const tags = random.chance(0.3) ? [pick(random, TAGS), pick(random, TAGS)] : pick(random, TAGS)
      const settings = random.chance(0.5) ? { keepStale: true } : {}
      return {
        text: `(${q(tags)}, ${q(settings)})`,
        isWide: true,
        run: async (cache, actor) => invalidation(actor, async () => cache.invalidateTag(tags, settings)),
      }
    },
  ],
  take: [
    4,
    (random, scope) => {
      const key = keyOf(random, scope)
      return { text: `(${q(key)})`, keys: [key], run: async (cache) => cache.take(key) }
    },
  ],
  has: [
    3,
    (random, scope) => {
      const key = keyOf(random, scope)
      return { text: `(${q(key)})`, keys: [key], run: async (cache) => cache.has(key) }
    },
  ],
  ttl: [
    5,
    (random, scope) => {
      const key = keyOf(random, scope)
      return { text: `(${q(key)})`, keys: [key], run: async (cache) => toldTime(await cache.ttl(key)) }
    },
  ],
  expire: [
    4,
    (random, scope) => {
      const key = keyOf(random, scope)
      const ttl = duration(random)
      return {
        text: `(${q(key)}, ${ttl.text})`,
        keys: [key],
        run: async (cache) => cache.expire(key, ttl.make()),
      }
    },
  ],
  increment: [8, counter('increment')],
  decrement: [4, counter('decrement')],
  getOrSet: [14, load('getOrSet')],
  refresh: [4, load('refresh')],
  getOrSetMany: [
    6,
    (random, scope) => {
      const keys = some(random, scope)
      const answers = new Map<string, Piece<unknown>>()
      for (const key of keys) if (random.chance(0.85)) answers.set(key, value(random))
      const isMap = random.chance(0.5)
      const fails = random.chance(0.1)
      const settings = ttlOrOptions(random, 'getOrSetMany', LOAD)
      const written = [...answers].map(([key, { text }]) => `${q(key)}: ${text}`)
      return {
        kind: 'load',
        text: `(${q(keys)}, () => ${fails ? '{ throw }' : `(${isMap ? 'Map ' : ''}{ ${written.join(', ')} })`}, ${settings.text})`,
        keys,
        run: async (cache, _, probe) => {
          const loader: ManyLoader<unknown> = async (missing) =>
            probe.run(`loads ${missing.join(', ')}`, () => {
              if (fails) throw new Error('the loader')
              const made = missing.flatMap((key) => {
                const answer = answers.get(key)
                return answer === undefined ? [] : [[key, answer.make()] as const]
              })
              return isMap ? new Map(made) : Object.fromEntries(made)
            })
          return cache.getOrSetMany(keys, loader, settings.make())
        },
      }
    },
  ],
  warm: [
    2,
    (random, scope) => {
      const keys = some(random, scope)
      const values = keys.map(() => value(random))
      return {
        kind: 'alone',
        text: `({ ${keys.map((key, index) => `${q(key)}: ${values[index]!.text}`).join(', ')} })`,
        keys,
        run: async (cache) => cache.warm(keys.map((key, index) => [key, values[index]!.make()] as const)),
      }
    },
  ],
  wrap: [
    3,
    (random) => {
      const argument = random.below(3)
      const { text, make } = value(random)
      const settings = options(random, 'wrap', LOAD)
      return {
        kind: 'load',
        text: `((n) => ${text}, { name: "w", ...${settings.text} })(${argument})`,
        keys: [`w:[${argument}]`],
        run: async (cache, _, probe) => {
          const load = (n: number): unknown => probe.run(`wrapped ${n}`, make)
          return cache.wrap(load, { ...settings.make(), name: 'w' })(argument)
        },
      }
    },
  ],
  deleteByPrefix: [
    2,
    (random) => {
      const prefix = pick(random, ['a', 'b', 'ph:', 'ns:v2:', 'ns', 'none', '*', ''])
      return {
        kind: 'alone',
        text: `(${q(prefix)})`,
        isWide: true,
        isPrefix: true,
        run: async (cache) => cache.deleteByPrefix(prefix),
      }
    },
  ],
  clear: [
    2,
    (_, scope) => {
      const isPrefix = scope === 'root' || scope === 'physical'
      return {
        kind: isPrefix ? 'alone' : 'plain',
        text: '()',
        isWide: true,
        isPrefix,
        run: async (cache) => cache.clear(),
      }
    },
  ],
  keys: [
    2,
    (random) => {
      const prefix = pick(random, ['', 'a', 'ns:', '*'])
      return {
        kind: 'alone',
        text: `({ prefix: ${q(prefix)} })`,
        run: async (cache) => {
          const found: string[] = []
          for await (const key of cache.keys({ prefix })) found.push(key)
          return found.toSorted()
        },
      }
    },
  ],
  explain: [
    3,
    (random, scope) => {
      const key = keyOf(random, scope)
      return {
        kind: 'alone',
        text: `(${q(key)})`,
        keys: [key],
        run: async (cache) => {
          const { outcome, underWay } = await cache.explain(key)
          return { outcome, underWay }
        },
      }
    },
  ],
  serialize: [
    1,
    (random) => {
      const { text, make } = value(random)
      return {
        text: `(${text}) and back`,
        run: async (cache) => cache.deserialize(await cache.serialize(make())),
      }
    },
  ],
}

function counter(method: 'increment' | 'decrement'): Make {
  return (random, scope) => {
    const key = random.chance(0.7) ? 'n' : keyOf(random, scope)
    const by = random.chance(0.05) ? Number.MAX_SAFE_INTEGER : random.below(7) - 2
    const settings = ttlOrOptions(random, method, COUNTER)
    return {
      text: `(${q(key)}, ${by}, ${settings.text})`,
      keys: [key],
      run: async (cache) => cache[method](key, by, settings.make()),
    }
  }
}

function load(method: 'getOrSet' | 'refresh'): Make {
  return (random, scope) => {
    const key = keyOf(random, scope)
    const spec = loaderSpec(random)
    const isAfter = random.chance(0.1)
    const detour = random.next()
    const settings =
      random.chance(0.3) && !isAfter ? ttlOrOptions(random, method, LOAD) : options(random, method, LOAD)
    return {
      kind: 'load',
      text: `(${q(key)}, ${spec.text}, ${settings.text}${isAfter ? ', after: token' : ''})`,
      keys: [key],
      isAfter,
      run: async (cache, actor, probe) => {
        const loader = spec.make()
        const given = settings.make()
        const own = { ...(isAfter && { after: actor.token }), ...actor.detour(detour) }
        const isOptions = typeof given === 'object' && !(given instanceof Date) && !('minutes' in given)
        return cache[method]<unknown>(
          key,
          (context) => probe.run(`stale ${told(context.stale)}`, () => loader(context)),
          isOptions ? { ...given, ...own } : given,
        )
      },
    }
  }
}

const TOTAL = Object.values(MAKERS).reduce((sum, [weight]) => sum + weight, 0)

function methodOf(random: SeededRandom): string {
  let left = random.below(TOTAL)
  for (const [method, [weight]] of Object.entries(MAKERS)) {
    left -= weight
    if (left < 0) return method
  }
  throw new Error('unreachable')
}

/** A call on one of two scopes, so that calls meet. */
export function randomCall(random: SeededRandom, scopes: readonly ScopeName[]): Call {
  const method = methodOf(random)
  const scope = pick(random, scopes)
  const draft = MAKERS[method]![1](random, scope)
  return {
    method,
    scope,
    kind: draft.kind ?? 'plain',
    text: `${scope}.${method}${draft.text}`,
    keys: (draft.keys ?? []).map((key) => `${PATHS[scope]}${key}`),
    isWide: draft.isWide ?? false,
    isAfter: draft.isAfter ?? false,
    isPrefix: draft.isPrefix ?? false,
    run: async (actor, probe) => {
      return told(await draft.run(actor.scopes[scope], actor, probe))
    },
  }
}

/** The methods that are called. */
export const METHODS: readonly string[] = Object.keys(MAKERS)
