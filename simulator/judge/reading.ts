import type { Duration } from '../../src/options/durations.ts'
import { DatabaseError, viewOf, type Calls, type ClientParts, type WorldNode } from '../world/clients.ts'
import type { Required } from './history.ts'
import type { Versioned } from '../world/node.ts'
import type { Target } from '../world/targets.ts'
import type { Promised, Promises } from './promises.ts'

const LONGEST_LOAD_MS = 2_600
/** The longest that a load may take: the wait for another node's load, and twice a loader's time. */
export const LOAD_LIMIT_MS: number = 10_000 + 2 * LONGEST_LOAD_MS

/** Clients that read, load missing values, and judge the results. */
export class Reading {
  readonly #parts: ClientParts
  readonly #calls: Calls
  readonly #promises: Promises
  readonly #ttl: () => Duration
  readonly #slowLoads: number
  reads = 0
  loads = 0

  constructor(parts: ClientParts, calls: Calls, promises: Promises, ttl: () => Duration) {
    this.#parts = parts
    this.#calls = calls
    this.#promises = promises
    this.#ttl = ttl
    const slowLoads = parts.random.pick([0.02, 0.05, 0.3])
    this.#slowLoads = parts.traffic.slowLoads ?? slowLoads
  }

  async read(node: WorldNode): Promise<void> {
    const { random, history, targets, leases } = this.#parts
    const kind = random.next()
    if (kind < 0.1) return this.#readMany(node)
    const promised = kind < 0.2 ? this.#promises.pick() : undefined
    const target = random.pick(promised === undefined ? targets : [...promised.versions.keys()])
    const isLoad = random.chance(0.8)
    const required = history.required(target.key, node.name)
    const after = promised === undefined ? {} : { after: promised.token }
    const what = `${isLoad ? 'getOrSet' : 'get'} ${target.key}${promised === undefined ? '' : ' after a token'}`
    const { name, tags } = target
    const view = viewOf(node, target)
    const ttl = isLoad ? this.#ttl() : '1h'
    const end = leases.begin(node.name, target.key)
    const value = await this.#calls.run(
      node,
      what,
      isLoad ? LOAD_LIMIT_MS : this.#calls.limitMs(target),
      () =>
        isLoad
          ? view.getOrSet(name, (context) => this.#load(node, target, ttl, context.audit), {
              ttl,
              tags,
              ...after,
            })
          : view.get(name, after),
    )
    end()
    this.#judge(node, target, value as Versioned | undefined, required, promised)
  }

  async #readMany(node: WorldNode): Promise<void> {
    const { random, history, targets, leases } = this.#parts
    // One call gives all of its keys the same tags.
    const bears = random.pick(targets).tags.join(' ')
    const chosen = targets.filter(({ tags }) => tags.join(' ') === bears && random.chance(0.7))
    const [first] = chosen
    if (first === undefined) return
    const ttl = this.#ttl()
    const byName = new Map(chosen.map((target) => [target.name, target]))
    const required = chosen.map(({ key }) => history.required(key, node.name))
    const loadAll = async (
      missing: readonly string[],
      { audit }: { readonly audit: boolean },
    ): Promise<Map<string, Versioned>> => {
      const load = async (name: string) =>
        [name, await this.#load(node, byName.get(name)!, ttl, audit)] as const
      return new Map(await Promise.all(missing.map(load)))
    }
    const what = `getOrSetMany ${chosen.map(({ key }) => key).join(' ')}`
    const ends = chosen.map(({ key }) => leases.begin(node.name, key))
    const values = await this.#calls.run(node, what, LOAD_LIMIT_MS, () =>
      viewOf(node, first).getOrSetMany<Versioned>(byName.keys(), loadAll, {
        ttl,
        tags: first.tags,
      }),
    )
    for (const end of ends) end()
    for (const [index, target] of chosen.entries())
      this.#judge(node, target, values?.get(target.name) as Versioned | undefined, required[index]!)
  }

  #judge(
    node: WorldNode,
    target: Target,
    value: Versioned | undefined,
    required: Required,
    promised?: Promised,
  ): void {
    const { history, lifetimes, unnoticedMs } = this.#parts
    if (value === undefined || node.dead) return
    const { key } = target
    const [version, origin] = value
    this.reads++
    history.note(node.name, `read ${key} = ${version}`)
    history.judge(key, node.name, value, required)
    if (promised !== undefined && this.#parts.keepsTokens(promised.beganMs))
      this.#promises.judge(node.name, target, value, promised)
    const overMs = history.overMs(key, origin)
    if (required.startedAtMs > overMs + unnoticedMs)
      history.violated(
        'I17',
        `${node.name} read version ${version} of ${key}, whose ttl was over at ${overMs}`,
      )
    const keptMs = history.keptMs(origin)
    const endMs = keptMs === undefined ? undefined : lifetimes?.endOf(key, node.name, keptMs)
    if (endMs === undefined || required.startedAtMs <= endMs + unnoticedMs) return
    history.violated(
      'I2',
      `${node.name} read version ${version} of ${key}, which expire had ended at ${endMs}`,
    )
  }

  async #load(node: WorldNode, target: Target, ttl: Duration, isAudit: boolean): Promise<Versioned> {
    if (isAudit) return this.#parts.audits!.load(node, target)
    const end = this.#parts.leases.begin(node.name, target.key)
    try {
      return await this.#ask(node, target, ttl)
    } finally {
      end()
    }
  }

  async #ask(node: WorldNode, { key }: Target, ttl: Duration): Promise<Versioned> {
    const { random, database, history, traffic, leases } = this.#parts
    this.loads++
    leases.loaded(key)
    const { process } = node.network
    await process.sleep(random.between(0, 5))
    const version = database.version(key)
    const origin = history.born(false, ttl)
    history.note(node.name, `the database has version ${version} of ${key}`)
    const kind = random.next()
    if (kind < 0.005) throw new DatabaseError('the database failed')
    const hangs = kind < 0.005 + (traffic.hangingLoads ?? 0.005)
    const longestMs = hangs ? LONGEST_LOAD_MS : random.chance(this.#slowLoads) ? 600 : 20
    await process.sleep(hangs ? longestMs - 10 : random.between(0, longestMs))
    return [version, origin]
  }
}
