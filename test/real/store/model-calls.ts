import type { Generation, Generations } from '../../../src/core/remote/generations.ts'
import type { Epoch, Head, Replayable } from '../../../src/core/remote/log.ts'
import type { RemoteOp } from '../../../src/core/remote/operations.ts'
import type { RemoteStore } from '../../../src/core/remote/remote-store.ts'
import type { Stored } from '../../../src/core/store.ts'
import type { SeededRandom } from '../../../src/testing/random.ts'

const MINUTE = 60_000

/** The answers of both stores in the same place, for use in later calls. */
export interface Pair<T> {
  readonly model: T
  readonly real: T
}

/** The calls' knowledge of the past. */
export interface Past {
  readonly heads: (Pair<Head> & { readonly partition: string })[]
  readonly entries: (Pair<Replayable> & { readonly partition: string })[]
}

/** A call that can be made on either store. */
export interface ModelCall {
  readonly text: string
  run(store: RemoteStore, side: 'model' | 'real'): Promise<unknown>
}

const KEYS = [
  'a',
  'b',
  'u:1',
  'u:2',
  'u:*',
  'u:[12]',
  'u:\\x',
  'ü:é',
  'sp ace',
  'line\nend',
  '{tag}',
  'nul\0l',
  '?',
  'n',
]
const TOKENS = ['t1', 't2', 't3']
const TAGS = ['users', '!ns:u:', 'ß %']
/** The random halves of the generations in calls. */
export const RANDOMS = ['00000000000000a1', 'ffffffffffffffb2', '0123456789abcdef']
/** The soft halves of the generations in calls. */
export const SOFT = ['00000000', '00000001']
const PREFIXES = ['u:', 'u:*', 'u:[12]', 'u:\\', 'ü', 'zz', '']
const VALUES = [
  0,
  1,
  -7,
  9007199254740990,
  1.5,
  1e21,
  'x',
  '7',
  'long'.repeat(2000),
  null,
  true,
  { a: [1] },
  [],
]

/** Lifetimes. No sum of these and whole steps of time is a whole step, so that nothing depends on a moment. */
const TTLS = [7 * MINUTE, 67 * MINUTE, 187 * MINUTE, Infinity]
const GRACES = [undefined, undefined, 71 * MINUTE, 311 * MINUTE]
/** The time that passes at once, in milliseconds. */
export const STEP_MS: number = 30 * MINUTE

/** Makes random calls of every kind. */
export class ModelCalls {
  readonly #random: SeededRandom
  readonly #partitions: readonly string[]
  readonly #past: Past
  #epochs = 0

  constructor(random: SeededRandom, partitions: readonly string[], past: Past) {
    this.#random = random
    this.#partitions = partitions
    this.#past = past
  }

  next(): ModelCall {
    const random = this.#random
    const roll = random.next()
    if (roll < 0.46) return this.#write()
    if (roll < 0.58) return this.#acquire()
    if (roll < 0.62) return this.#renew()
    if (roll < 0.66) return this.#release()
    if (roll < 0.74) return this.#read()
    if (roll < 0.76) return this.#scan()
    if (roll < 0.775) return this.#deleteByPrefix()
    if (roll < 0.82) return this.#generations()
    if (roll < 0.86) return this.#invalidateTags()
    if (roll < 0.88) return { text: 'heads', run: async (store) => store.heads() }
    if (roll < 0.95) return this.#sync()
    if (roll < 0.965) return this.#rotate()
    return this.#replay()
  }

  #key(): string {
    return this.#random.pick(KEYS)
  }

  #times<T>(most: number, make: () => T): T[] {
    return Array.from({ length: 1 + this.#random.below(most) }, make)
  }

  #generation(tag: string): Generation {
    return { tag, value: this.#random.pick(RANDOMS) + this.#random.pick(SOFT) }
  }

  #labels(): Generations | undefined {
    if (this.#random.chance(0.6)) return undefined
    return TAGS.filter(() => this.#random.chance(0.5)).map((tag) => this.#generation(tag))
  }

  #hidden(): Generations | 'none' | undefined {
    const roll = this.#random.next()
    if (roll < 0.6) return undefined
    if (roll < 0.7) return 'none'
    const labels = this.#labels()
    return labels?.length === 0 ? 'none' : labels
  }

  #rowVersion(): bigint | undefined {
    return this.#random.chance(0.6) ? undefined : this.#random.pick([1n, 2n, 0xffn, 0xffff_ffff_ffff_ffffn])
  }

  #write(): ModelCall {
    const ops = this.#times(3, () => this.#op())
    const text = `write ${ops.map(({ op, value }) => show({ ...op, value })).join(', ')}`
    return {
      text,
      run: async (store) =>
        store.write(
          ops.map(({ op, value }) =>
            op.kind === 'set' || op.kind === 'add' || op.kind === 'fill'
              ? { ...op, stored: admit(store, value) }
              : op,
          ),
        ),
    }
  }

  #op(): { readonly op: RemoteOp; readonly value?: unknown } {
    const random = this.#random
    const key = this.#key()
    const rowVersion = this.#rowVersion()
    const entry = {
      ttlMs: random.pick(TTLS),
      graceMs: random.pick(GRACES),
      rowVersion,
      generations: this.#labels(),
    }
    const stored = undefined as unknown as Stored
    const value: unknown = random.pick(VALUES)
    const roll = random.next()
    if (roll < 0.22) return { op: { kind: 'set', key, stored, ...entry }, value }
    if (roll < 0.3) return { op: { kind: 'add', key, stored, hidden: this.#hidden(), ...entry }, value }
    if (roll < 0.5) return { op: { kind: 'fill', key, token: random.pick(TOKENS), stored, ...entry }, value }
    if (roll < 0.6) return { op: { kind: 'delete', key, rowVersion } }
    if (roll < 0.66) return { op: { kind: 'take', key } }
    if (roll < 0.74) return { op: { kind: 'stale', key, rowVersion } }
    if (roll < 0.82)
      return { op: { kind: 'expire', key, ttlMs: random.pick([13 * MINUTE, 133 * MINUTE, Infinity]) } }
    const { ttlMs, generations } = entry
    const by = random.pick([1, 5, -3, 9007199254740990])
    return {
      op: {
        kind: 'increment',
        key: random.pick([key, 'n']),
        by,
        ttlMs,
        generations,
        hidden: this.#hidden(),
      },
    }
  }

  #acquire(): ModelCall {
    const requests = this.#times(3, () => ({
      key: this.#key(),
      token: this.#random.pick(TOKENS),
      hidden: this.#hidden(),
      freshUpToMs: this.#random.pick([undefined, undefined, 0, 20 * MINUTE, Infinity]),
      force: this.#random.chance(0.1) ? true : undefined,
    }))
    return {
      text: `acquire ${show(requests)}`,
      run: async (store) => store.acquire(requests, 41 * MINUTE),
    }
  }

  #renew(): ModelCall {
    const [key, token] = [this.#key(), this.#random.pick(TOKENS)]
    return { text: `renew ${key} ${token}`, run: async (store) => store.renew(key, token, 43 * MINUTE) }
  }

  #release(): ModelCall {
    const leases = this.#times(3, () => ({ key: this.#key(), token: this.#random.pick(TOKENS) }))
    const cooldown = this.#random.chance(0.5) ? { cooldown: 'no "such"\nrow', forMs: 47 * MINUTE } : undefined
    return {
      text: `release ${show([leases, cooldown])}`,
      run: async (store) => store.release(leases, cooldown),
    }
  }

  #read(): ModelCall {
    const keys = [...new Set(this.#times(6, () => this.#key()))]
    return { text: `read ${show(keys)}`, run: async (store) => store.read(keys) }
  }

  #scan(): ModelCall {
    const prefix = this.#random.pick(PREFIXES)
    return {
      text: `scan ${prefix}`,
      run: async (store) => {
        const found = []
        for await (const one of store.scan(prefix)) found.push(one)
        return found.toSorted((a, b) => (a.key < b.key ? -1 : 1))
      },
    }
  }

  #deleteByPrefix(): ModelCall {
    const prefix = this.#random.pick(PREFIXES)
    return { text: `deleteByPrefix ${prefix}`, run: async (store) => store.deleteByPrefix(prefix) }
  }

  #generations(): ModelCall {
    const tags = [...new Set(this.#times(3, () => this.#random.pick(TAGS)))]
    const values = tags.map((tag) => this.#generation(tag).value)
    const lives = tags.map(() => this.#random.pick([60_000, 3_600_000, Infinity]))
    return {
      text: `generations ${show([tags, values, lives])}`,
      run: async (store) => {
        const records = await store.generations(tags, values, lives)
        // The time that a real server has taken is no result.
        return records.map(({ remainingMs, ...record }) => ({ ...record, ends: remainingMs < Infinity }))
      },
    }
  }

  #invalidateTags(): ModelCall {
    const tags = [...new Set(this.#times(3, () => this.#random.pick(TAGS)))]
    const values = tags.map((tag) => this.#generation(tag).value)
    const keepStale = this.#random.chance(0.5)
    return {
      text: `invalidateTags ${show([tags, values, keepStale])}`,
      run: async (store) => store.invalidateTags(tags, values, { keepStale }),
    }
  }

  #partition(): string {
    return this.#random.pick([...this.#partitions, '!tags'])
  }

  // The ordinal is above the time of a server's clock, because the model has another clock.
  #epoch(): Epoch {
    const ordinal = 1e14 + ++this.#epochs
    return { ordinal, random: this.#random.pick(['', 'r', 'b%= c']), birth: ordinal }
  }

  #head(partition: string): Pair<Head> | undefined {
    const heads = this.#past.heads.filter((head) => head.partition === partition)
    return this.#random.chance(0.2) || heads.length === 0
      ? undefined
      : heads[Math.max(0, heads.length - 1 - this.#random.below(6))]
  }

  #sync(): ModelCall {
    const partition = this.#partition()
    const since = this.#head(partition)
    const isOther = this.#random.chance(0.1)
    const ifNone = this.#epoch()
    return {
      text: `sync ${show([partition, since, isOther, ifNone])}`,
      run: async (store, side) => {
        const head = since?.[side]
        return store.sync(partition, head && isOther ? { ...head, stamp: 'other' } : head, ifNone)
      },
    }
  }

  #rotate(): ModelCall {
    const partition = this.#partition()
    const seen = this.#head(partition)?.model.epoch ?? this.#epoch()
    const next = this.#epoch()
    return {
      text: `rotate ${show([partition, seen, next])}`,
      run: async (store) => store.rotate(partition, seen, next),
    }
  }

  #replay(): ModelCall {
    const partition = this.#partition()
    const epoch = this.#head(partition)?.model.epoch ?? this.#epoch()
    const known = this.#past.entries.filter((entry) => entry.partition === partition)
    const chosen = new Map<string, Pair<Replayable>>()
    for (const one of this.#times(4, () =>
      this.#random.chance(0.6) && known.length > 0
        ? known[Math.max(0, known.length - 1 - this.#random.below(12))]!
        : this.#invented(partition),
    )) {
      chosen.set(one.model.stamp, one)
    }
    return {
      text: `replay ${show([partition, epoch, [...chosen.values()]])}`,
      run: async (store, side) =>
        store.replay(
          partition,
          epoch,
          [...chosen.values()].map((one) => one[side]),
        ),
    }
  }

  #invented(partition: string): Pair<Replayable> {
    const stamp = `invented${this.#random.below(1000)}`
    const kind = partition === '!tags' ? 'tag' : 'key'
    const item = this.#random.pick({ key: KEYS, tag: TAGS }[kind])
    const counter = 1 + this.#random.below(200)
    const entry = { kind, item, stamp, counter } as const
    return { model: entry, real: entry }
  }
}

function admit(store: RemoteStore, value: unknown): Stored {
  const admitted = store.admit(value)
  if ('refused' in admitted) throw admitted.refused
  return admitted.stored
}

/** Returns a printable form of a call's arguments. */
export function show(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => {
    if (typeof one === 'bigint') return `${one}n`
    if (one === Infinity) return 'Infinity'
    return typeof one === 'string' && one.length > 100 ? `${one.length} characters` : one
  })
}
