import type { Generations } from '../../src/core/remote/generations.ts'
import type { History } from './history.ts'
import type { ServerOp, ServerResult } from '../server/server-entries.ts'

/** The part of a server that the judge asks. */
interface Holder {
  now(): number
  read(key: string): unknown
  agrees(generations: Generations): boolean
}

interface Kept {
  readonly untilMs: number
  readonly generations: Generations | undefined
}

/** Judges I19: without a failure of the server, an entry that was set is gone only by age, eviction or request. */
export class KeptWatch {
  readonly #history: History
  readonly #kept = new Map<string, Kept>()

  constructor(history: History) {
    this.#history = history
  }

  /** Notes that a server has executed a change of a key. */
  written(server: Holder, op: ServerOp, { ok, outdated }: ServerResult): void {
    if (outdated === true) return
    // Stale entries go too, though these operations do not find them.
    if (op.kind === 'take' || op.kind === 'delete' || op.kind === 'stale') return this.gone(op.key)
    if (!ok) return
    if (op.kind !== 'set') return this.gone(op.key)
    const { ttlMs, graceMs = 0, generations } = op
    // A tag was invalidated while the change was on its way, so it comes too late for all nodes.
    if (generations !== undefined && !server.agrees(generations)) return this.gone(op.key)
    this.#kept.set(op.key, { untilMs: server.now() + ttlMs + graceMs, generations })
  }

  /** Notes a request to end this entry, or its eviction by the server. */
  gone(key: string): void {
    this.#kept.delete(key)
  }

  /** Notes the end of every entry that bears the tag. */
  goneByTag(tag: string): void {
    for (const [key, { generations = [] }] of this.#kept)
      if (generations.some((generation) => generation.tag === tag)) this.#kept.delete(key)
  }

  /** Judges one key, or all of them. */
  judge(server: Holder, keys: Iterable<string> = this.#kept.keys()): void {
    for (const key of keys) {
      const kept = this.#kept.get(key)
      if (kept === undefined || kept.untilMs <= server.now()) continue
      const { generations = [] } = kept
      if (server.read(key) !== undefined && server.agrees(generations)) continue
      this.#kept.delete(key)
      this.#history.violated('I19', `${key} was set, and is gone though nobody asked for that`)
    }
  }
}
