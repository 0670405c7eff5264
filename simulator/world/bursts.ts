import type { LoadContext } from '../../src/loading/load-context.ts'
import type { BaseCache } from '../../src/cache/base-cache.ts'
import { type Calls, type ClientParts, type WorldNode } from './clients.ts'
import type { Versioned } from './node.ts'
import type { Target } from './targets.ts'

const SPACE = 'y'

type Call =
  | 'get'
  | 'getOrSet'
  | 'set'
  | 'add'
  | 'setMany'
  | 'delete'
  | 'invalidate'
  | 'take'
  | 'expire'
  | 'prefix'
  | 'tag'

const CALLS: readonly Call[] = [
  'get',
  'get',
  'getOrSet',
  'set',
  'set',
  'add',
  'add',
  'setMany',
  'delete',
  'invalidate',
  'take',
  'expire',
  'prefix',
]

/** The content of a key: a version, or nothing. */
type Held = number | undefined

interface Made {
  readonly call: Call
  /** The version that the call brings, if any. */
  readonly version: number
  readonly answer: Promise<unknown>
}

/**
 * Judges I16: calls of one key from one process take effect in the order of the calls, awaited or not. Each burst has a
 * key of its own, so no other calls concern it.
 */
export class Bursts {
  readonly #parts: ClientParts
  readonly #calls: Calls
  #count = 0

  constructor(parts: ClientParts, calls: Calls) {
    this.#parts = parts
    this.#calls = calls
  }

  /** Makes some calls of a new key at once, and judges their answers and the final content. */
  async run(node: WorldNode): Promise<void> {
    const { random, nodes } = this.#parts
    const isTagged = random.chance(0.5)
    // The other clients neither delete its prefix nor clear its namespace.
    const name = `x${++this.#count}`
    const target = { key: isTagged ? `${SPACE}:${name}` : name, name, tags: isTagged ? [`of ${name}`] : [] }
    const before = troubleOf(node)
    const made: Made[] = []
    for (let left = 2 + random.below(4); left > 0; left--)
      made.push(this.#make(node, target, random.pick(isTagged ? [...CALLS, 'tag' as const] : CALLS)))
    const answers: unknown[] = []
    for (const { answer } of made) answers.push(await answer)
    const other = random.pick(nodes)
    const beforeOther = troubleOf(other)
    answers.push(await this.#get(node, target), await this.#get(other, target))
    // The order of calls is unknown if one of them got no answer.
    if (troubleOf(node) !== before || troubleOf(other) !== beforeOther) return
    this.#judge(node, name, made, answers)
  }

  #make(node: WorldNode, target: Target, call: Call): Made {
    const { history } = this.#parts
    const { name, tags } = target
    const version = history.born(call !== 'getOrSet')
    const value: Versioned = [version, version]
    const limitMs = call === 'prefix' || call === 'getOrSet' ? Infinity : this.#calls.limitMs(target)
    const answer = this.#calls.run<unknown>(node, `${call} ${version} of ${target.key}`, limitMs, () => {
      const view: BaseCache<Versioned | number> = viewOf(node, target)
      const options = { ttl: '1h', tags } as const
      switch (call) {
        case 'get':
          return view.get(name)
        case 'getOrSet':
          return view.getOrSet(name, async (context) => this.#load(node, value, context), options)
        case 'set':
          return view.set(name, value, options)
        case 'add':
          return view.set(name, value, { ...options, ifAbsent: true })
        case 'setMany':
          return view.setMany([[name, value]], options)
        case 'delete':
          return view.delete(name)
        case 'invalidate':
          return view.invalidate([name])
        case 'take':
          return view.take(name)
        case 'expire':
          return view.expire(name, '2h')
        case 'prefix':
          return view.deleteByPrefix(name)
        case 'tag':
          return node.cache.invalidateTag(tags[0]!)
      }
    })
    return { call, version, answer }
  }

  async #load(
    { network }: WorldNode,
    value: Versioned,
    { audit, doNotStore }: LoadContext<Versioned | number>,
  ): Promise<Versioned> {
    // Each call has a source of its own.
    if (audit) doNotStore()
    await network.process.sleep(this.#parts.random.between(0, 20))
    return value
  }

  #get(node: WorldNode, target: Target): Promise<unknown> {
    return this.#calls.run(node, `get ${target.key}`, this.#calls.limitMs(target), () =>
      viewOf(node, target).get(target.name),
    )
  }

  #judge(node: WorldNode, key: string, made: readonly Made[], answers: readonly unknown[]): void {
    let held: ReadonlySet<Held> = new Set([undefined])
    const loaded: number[] = []
    for (const [index, answer] of answers.entries()) {
      const one = made[index] ?? LAST
      if (one.call === 'getOrSet') loaded.push(one.version)
      if (!isPossible(one, answer, held, made.slice(index + 1), loaded)) {
        const calls = made.map(({ call, version }) => `${call} ${version}`).join(', ')
        const what = `${one.call} ${one.version} of ${key} answers ${JSON.stringify(answer)}`
        return this.#parts.history.violated('I16', `${node.name}: ${what}, of these calls: ${calls}`)
      }
      held = after(one, held, answer)
      // If the key may be absent, a load that took its lease after that may fill it.
      if (held.has(undefined)) held = new Set([...held, ...loaded])
    }
  }
}

// After all calls the node itself and another one read the key.
const LAST = { call: 'get', version: Infinity } as const

function viewOf({ cache }: WorldNode, { tags }: Target): BaseCache<Versioned | number> {
  return tags.length > 0 ? cache.namespace(SPACE) : cache
}

// Returns a number that changes if calls of the node got no answer.
function troubleOf({ cache, store, network, dead }: WorldNode): string {
  return [cache.stats().errors, network.unanswered, store.pending.outbox, dead].join()
}

function versionIn(value: unknown): Held {
  return Array.isArray(value) ? (value[0] as number) : undefined
}

// Returns the possible contents of the key after the call.
function after(
  { call, version }: Pick<Made, 'call' | 'version'>,
  held: ReadonlySet<Held>,
  answer: unknown,
): ReadonlySet<Held> {
  switch (call) {
    case 'get':
    case 'expire':
      return held
    case 'getOrSet':
      return held
    case 'set':
    case 'setMany':
      return new Set([version])
    case 'add':
      return answer === true ? new Set([version]) : new Set([...held].filter((one) => one !== undefined))
    default:
      return new Set([undefined])
  }
}

function isPossible(
  { call }: Pick<Made, 'call'>,
  answer: unknown,
  held: ReadonlySet<Held>,
  after: readonly Made[],
  loaded: readonly number[],
): boolean {
  const given = versionIn(answer)
  // An entry may be a miss if one of its tags was invalidated meanwhile.
  const mayMiss = held.has(undefined) || after.some((one) => one.call === 'tag')
  const giver = after.find((one) => one.version === given)
  switch (call) {
    case 'get':
    case 'take':
      if (given === undefined) return mayMiss
      // No load waits for a read.
      return held.has(given) || (held.has(undefined) && giver?.call === 'getOrSet')
    case 'getOrSet':
      if (held.has(given)) return true
      // It may join an earlier load, or get a later value from the question with which it takes the lease.
      return given !== undefined && loaded.includes(given) ? mayMiss : giver !== undefined
    case 'add':
      return answer === true ? mayMiss : [...held].some((one) => one !== undefined)
    case 'expire':
      return answer === true ? [...held].some((one) => one !== undefined) : mayMiss
    case 'set':
    case 'setMany':
      return answer === true
    default:
      return true
  }
}
