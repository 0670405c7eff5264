import type { Generations } from '../../src/core/remote-store.ts'
import type { History } from './history.ts'
import type { ServerOp, ServerResult } from '../server/server-entries.ts'

/** A server, as far as the judge asks it. */
interface Holder {
  now(): number
  read(key: string): unknown
  agrees(generations: Generations): boolean
}

interface Kept {
  readonly untilMs: number
  readonly generations: Generations | undefined
}

/** Judges I19: without a failure of the server, an entry that was set is gone by age, eviction or request only. */
export class KeptWatch {
  readonly #history: History
  readonly #kept = new Map<string, Kept>()

  constructor(history: History) {
    this.#history = history
  }

  /** A server has executed a change of a key. */
  written(server: Holder, op: ServerOp, { ok, outdated }: ServerResult): void {
    if (outdated === true) return
    // Stale entries go too, though they were not found.
    if (op.kind === 'take' || op.kind === 'delete' || op.kind === 'stale') return this.gone(op.key)
    if (!ok) return
    if (op.kind !== 'set') return this.gone(op.key)
    const { ttlMs, graceMs = 0, generations } = op
    // A tag was invalidated while it was on its way: it comes too late for everybody.
    if (generations !== undefined && !server.agrees(generations)) return this.gone(op.key)
    this.#kept.set(op.key, { untilMs: server.now() + ttlMs + graceMs, generations })
  }

  /** Somebody asked for the end of this entry, or the server has evicted it. */
  gone(key: string): void {
    this.#kept.delete(key)
  }

  /** The same for every entry that bears the tag. */
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
