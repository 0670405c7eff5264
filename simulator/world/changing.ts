import type { Duration } from '../../src/options/durations.ts'
import type { Invalidation } from '../../src/core/store.ts'
import { viewOf, type Calls, type ClientParts, type WorldNode } from './clients.ts'
import type { InvalidatedBy } from '../judge/history.ts'
import type { Versioned } from './node.ts'
import type { Promises } from '../judge/promises.ts'
import { SPACE, SPACE_TAG, type Target } from './targets.ts'
import type { Change } from './traffic.ts'

const CHANGES: readonly Change[] = [
  'delete',
  'delete',
  'take',
  'prefix',
  'many',
  'set',
  'set',
  'setMany',
  'expire',
]
const TAGGED_CHANGES: readonly Change[] = [...CHANGES, 'tag', 'tag', 'tag', 'clear']

/** The answer of the cache. `unknown` = it had trouble, but does not name the call. */
interface Answer {
  readonly outcome: 'acknowledged' | 'queued' | 'unknown' | 'failed'
  readonly token?: string
  /** Whether a `set` has answered that the value is stored. */
  readonly isStored?: boolean
}

interface Plan {
  readonly change: Change
  readonly target: Target
  /** The tag, the prefix, or the key. */
  readonly name: string
  /** The new value of each key that is concerned. */
  readonly values: ReadonlyMap<Target, Versioned>
}

/** Clients that change the database and then the cache, as services do. */
export class Changing {
  readonly #parts: ClientParts
  readonly #calls: Calls
  readonly #promises: Promises
  readonly #ttl: () => Duration
  mutations = 0

  constructor(parts: ClientParts, calls: Calls, promises: Promises, ttl: () => Duration) {
    this.#parts = parts
    this.#calls = calls
    this.#promises = promises
    this.#ttl = ttl
  }

  async change(node: WorldNode): Promise<void> {
    const { random, targets, traffic, history, loop, latestMs, repeats, answers } = this.#parts
    const target = random.pick(targets)
    const change = random.pick(traffic.changes ?? (target.tags.length > 0 ? TAGGED_CHANGES : CHANGES))
    this.mutations++
    if (change === 'expire') return this.#expire(node, target)
    const beganMs = loop.now()
    const plan = this.#plan(change, target)
    const versions = [...plan.values.values()].map(([version]) => version).join(' ')
    const what = `${change} ${plan.name} after version ${versions}`
    const limitMs = change === 'prefix' ? Infinity : this.#calls.limitMs(target)
    const ends = [...plan.values.keys()].map(({ key }) => answers.begin(node.name, key))
    const answer = await this.#calls.run(node, what, limitMs, () => this.#invalidate(node, plan))
    for (const end of ends) end(answer?.isStored === true)
    const isDone = answer?.outcome === 'acknowledged'
    for (const [, origin] of plan.values.values())
      history.settled(origin, loop.now() + (isDone && !repeats ? 0 : latestMs))
    if (node.dead || answer === undefined) return
    history.note(node.name, `${what}: ${answer.outcome}`)
    if (answer.outcome !== 'failed') this.#tell(node, plan, beganMs, answer)
  }

  #tell(node: WorldNode, { change, values }: Plan, beganMs: number, { outcome, token }: Answer): void {
    const by: InvalidatedBy = change === 'tag' || change === 'clear' ? change : 'key'
    for (const [{ key }, [version]] of values) {
      const acknowledged = outcome === 'acknowledged' && !(by === 'key' && node.store.isQueued(key))
      this.#parts.invalidated(node, {
        key,
        version,
        beganMs,
        acknowledged,
        answeredFor: outcome === 'acknowledged' || outcome === 'queued',
        by,
      })
    }
    if (token === undefined || outcome !== 'acknowledged') return
    const promised = [...values].map(([one, [version]]) => [one, version] as const)
    this.#promises.add({ token, versions: new Map(promised), beganMs })
  }

  #plan(change: Change, target: Target): Plan {
    const { random, targets, database, history } = this.#parts
    const isTagged = target.tags.length > 0
    const first = target.name[0]!
    const tag = isTagged ? random.pick(target.tags) : ''
    const alike = targets.filter(({ tags }) => tags.length > 0 === isTagged)
    const affected: Readonly<Partial<Record<Change, readonly Target[]>>> = {
      prefix: alike.filter(({ name }) => name.startsWith(first)),
      setMany: alike.slice(0, 4),
      tag: alike.filter(({ tags }) => tags.includes(tag)),
      clear: alike,
    }
    // Without tags no tag or namespace could invalidate anything.
    const kind = !isTagged && (change === 'tag' || change === 'clear') ? 'delete' : change
    const concerned = affected[kind] ?? [target]
    const values = concerned.map(
      (one) => [one, [database.commit(one.key), history.born(true)] as const] as const,
    )
    const name =
      kind === 'tag' ? tag : kind === 'prefix' ? `${isTagged ? `${SPACE}:` : ''}${first}` : target.key
    return { change: kind, target, name, values: new Map(values) }
  }

  async #invalidate(node: WorldNode, { change, target, name, values }: Plan): Promise<Answer> {
    const { cache, store } = node
    const view = viewOf(node, target)
    const { tags } = target
    const { history } = this.#parts
    const { errors } = cache.stats()
    const ttl = change === 'set' || change === 'setMany' ? this.#ttl() : '1h'
    if (change === 'set') for (const [, origin] of values.values()) history.lives(origin, ttl)
    let isStored = false
    switch (change) {
      case 'tag':
        return truth(await cache.invalidateTag(name))
      case 'many':
        return truth(await view.invalidate([target.name]))
      case 'clear':
        if (await view.clear()) return { outcome: 'acknowledged' }
        return { outcome: store.isTagQueued(SPACE_TAG) ? 'queued' : 'failed' }
      case 'prefix': {
        const count = await view.deleteByPrefix(target.name[0]!)
        // No server of a world refuses it, so it is queued if there is no answer.
        return { outcome: count === undefined ? 'queued' : 'acknowledged' }
      }
      case 'set':
        isStored = await view.set(target.name, values.get(target)!, { ttl, tags })
        break
      case 'setMany':
        isStored = await view.setMany(
          [...values].map(([one, value]) => [one.name, value, { tags: one.tags }]),
        )
        break
      case 'take':
        await view.take(target.name)
        break
      default:
        await view.delete(target.name)
    }
    if (store.isQueued(target.key)) return { outcome: 'queued' }
    // A `set` with tags stores nothing if it can't read their generations. It removes the entry, or reports an error.
    return { outcome: cache.stats().errors === errors ? 'acknowledged' : 'unknown', isStored }
  }

  async #expire(node: WorldNode, target: Target): Promise<void> {
    const { random, lifetimes, history, answers, loop, latestMs, repeats } = this.#parts
    const ttlMs = random.pick([30, 300, 3_600_000])
    const end = lifetimes?.begin(target.key, node.name, ttlMs, loop.now())
    const expired = history.expiring(target.key)
    const answered = answers.begin(node.name, target.key)
    const { errors } = node.cache.stats()
    const what = `expire ${target.key} in ${ttlMs} ms`
    const ok = await this.#calls.run(node, what, this.#calls.limitMs(target), () =>
      viewOf(node, target).expire(target.name, ttlMs / 1000),
    )
    const isKnown = node.cache.stats().errors === errors && !node.dead
    answered(false)
    expired(loop.now() + latestMs)
    end?.(ok === true && isKnown, loop.now() + (isKnown && !repeats ? 0 : latestMs))
  }
}

function truth({ l2, token }: Invalidation): Answer {
  if (l2 === 'acked') return { outcome: 'acknowledged', token }
  return { outcome: l2 === 'queued' ? 'queued' : 'failed', token }
}
