import type { Runtime } from '../../cache/runtime.ts'
import type { ReadOutcome, RemoveCause, WriteOutcome } from '../../core/observing/events.ts'
import type { Family } from '../../core/observing/family.ts'
import type { InvalidationReport, LoadReport, Observer } from '../../core/observing/observer.ts'
import type { Stored } from '../../core/store.ts'
import { KeyHash } from '../../internal/hash.ts'
import { Templates } from '../../keys/template-of.ts'
import { ValueLooks } from '../figures/value-looks.ts'
import { HIT, LOAD, MISS, REFRESH, REMOVE, STALE, WRITE } from './format.ts'
import { RecordWriter } from './record-writer.ts'

const HASHES = 2 ** 32
const KINDS: Readonly<Record<ReadOutcome, number>> = { hit: HIT, stale: STALE, miss: MISS }

/** Turns what a cache does with a share of its keys into records. */
export class Recorder implements Observer {
  /** The number of records that were made, and of those that were left out. */
  records = 0
  dropped = 0
  readonly #runtime: Runtime
  readonly #hash: KeyHash
  readonly #below: number
  readonly #values: ValueLooks
  readonly #templates = new Templates()
  readonly #writer: RecordWriter
  readonly #isFull: () => boolean
  readonly #rootFamily: Family

  constructor(runtime: Runtime, share: number, give: (chunk: Uint8Array) => void, isFull: () => boolean) {
    this.#runtime = runtime
    this.#hash = new KeyHash(Math.floor(runtime.random() * HASHES))
    this.#below = share * HASHES
    this.#values = new ValueLooks(runtime.store)
    this.#writer = new RecordWriter(runtime.clock.now(), give)
    this.#isFull = isFull
    this.#rootFamily = runtime.families.root
  }

  /** Gives away what was recorded so far. Called once a second. */
  tick(): void {
    this.#values.tick()
    this.flush()
  }

  flush(): void {
    this.#writer.flush()
  }

  read(family: Family, key: string, outcome: ReadOutcome): void {
    this.#key(KINDS[outcome], family, key)
  }

  load({ family, key, outcome, background, durationMs, keys, ttlMs, stored }: LoadReport): void {
    if (outcome === 'stored' || outcome === 'unchanged')
      this.#value(background ? REFRESH : LOAD, family, key, durationMs / keys, ttlMs, stored)
  }

  write(family: Family, key: string, outcome: WriteOutcome, ttlMs: number, stored: Stored | undefined): void {
    if (outcome === 'stored') this.#value(WRITE, family, key, 0, ttlMs, stored)
  }

  invalidate({ family, keys }: InvalidationReport): void {
    for (const key of keys) this.#key(REMOVE, family, key)
  }

  remove(key: string, cause: RemoveCause): void {
    if (cause === 'deleted' || cause === 'cleared') this.#key(REMOVE, this.#rootFamily, key)
  }

  #key(kind: number, family: Family, key: string): void {
    const hash = this.#hash.of(key)
    if (hash >>> 0 >= this.#below || this.#isDropped()) return
    this.#writer.key(kind, this.#templates.of(family, key), hash, this.#runtime.clock.now())
  }

  #value(
    kind: number,
    family: Family,
    key: string,
    costMs: number,
    ttlMs: number,
    stored: Stored | undefined,
  ): void {
    const hash = this.#hash.of(key)
    if (hash >>> 0 >= this.#below || this.#isDropped()) return
    const bytes = this.#values.look(key, stored, false)?.bytes ?? 0
    const name = this.#templates.of(family, key)
    this.#writer.value(kind, name, hash, this.#runtime.clock.now(), { bytes, costMs, ttlMs })
  }

  #isDropped(): boolean {
    if (this.#isFull()) {
      this.dropped++
      return true
    }
    this.records++
    return false
  }
}
