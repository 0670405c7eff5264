import { isPromise, type MaybePromise } from '../core/promise.ts'
import { IN_FULL, type RemoteFound } from '../core/remote/operations.ts'
import type { AcquireOptions, Acquired, Found, Reading, Stored } from '../core/store.ts'
import type { LocalEntries } from './local-entries.ts'
import type { Operation } from './in-flight.ts'
import type { NodeState } from './node-state.ts'
import type { Outbox } from './queues/outbox.ts'
import type { Replay } from './queues/replay.ts'
import type { TaggedLoads } from './tags/tagged-loads.ts'
import { freshMsFor, type TagState } from './tags/tag-state.ts'

const NONE: readonly Operation[] = []

/** Reads entries, in this node or from the server, and takes leases for those that are missing. */
export class Reads {
  readonly #state: NodeState
  readonly #outbox: Outbox
  readonly #replay: Replay
  readonly #loads: TaggedLoads
  readonly #entries: LocalEntries

  constructor(state: NodeState, outbox: Outbox, replay: Replay, loads: TaggedLoads, entries: LocalEntries) {
    this.#state = state
    this.#outbox = outbox
    this.#replay = replay
    this.#loads = loads
    this.#entries = entries
  }

  /** Returns the fresh value of a key that this node has not kept. */
  get(key: string, reading: Reading | undefined): MaybePromise<Stored | undefined> {
    if (this.#outbox.has(key) || reading?.skip === 'l2') return undefined
    return this.#state.local === undefined ? this.#getRemote(key, reading) : this.#fetchOne(key, reading)
  }

  async getMany(
    keys: readonly string[],
    reading: Reading | undefined,
  ): Promise<readonly (Stored | undefined)[]> {
    if (this.#state.local === undefined) return this.#getManyRemote(keys, reading)
    const found = await this.read(keys, reading)
    return keys.map((key) => found.get(key)?.stored)
  }

  async read(keys: readonly string[], reading: Reading | undefined): Promise<ReadonlyMap<string, Found>> {
    const { local } = this.#state
    if (local === undefined) return this.#readRemote(keys, reading)
    const found = new Map<string, Found>()
    const isServedHere = reading?.skip !== 'l1' && this.#state.hasReached(reading?.after)
    const missing = keys.filter((key) => {
      const kept = isServedHere ? local.find(key, reading) : undefined
      if (kept !== undefined) found.set(key, kept)
      return kept === undefined
    })
    if (missing.length > 0 && reading?.skip !== 'l2')
      for (const [key, entry] of await this.#fetch(missing, reading)) found.set(key, entry)
    return found
  }

  async acquire(leases: readonly Operation[], options: AcquireOptions): Promise<readonly Acquired[]> {
    const { leases: held, time } = this.#state
    const outbox = this.#outbox
    const loads = this.#loads
    const { untilMs = time.end(leases.length) } = options
    const queued = outbox.isEmpty ? NONE : leases.filter(({ key }) => outbox.has(key))
    // A queued item is sent first. Then the server's answer counts, and the load is shared and stored.
    if (queued.length > 0) {
      const settling = this.#replay.settle(queued.map(({ key }) => key))
      await time.inTime(settling, untilMs).catch(() => undefined)
    }
    const asked = queued.length === 0 ? leases : leases.filter(({ key }) => !outbox.has(key))
    let answers: ReadonlyMap<Operation, Exclude<Acquired, 'denied'>>
    for (const marker of asked) marker.unanswered = true
    await loads.begin(leases, untilMs)
    try {
      answers = await loads.acquire(asked, options, untilMs, (marker, found, verdict, startedAtMs) =>
        this.#found(marker, found, verdict, { stale: false }, startedAtMs),
      )
    } catch (error) {
      // The server may have granted them nevertheless.
      void held.giveBack(asked)
      throw error
    }
    for (const marker of answers.keys()) marker.unanswered = false
    const unanswered = asked.filter((marker) => marker.unanswered)
    if (unanswered.length > 0) void held.giveBack(unanswered)
    return leases.map((marker) => {
      const answer = answers.get(marker)
      if (answer === undefined) return 'denied'
      if (answer !== 'granted') return answer
      if (marker.dead) {
        void held.giveBack([marker])
        return 'busy'
      }
      held.hold(marker, options.longestMs, (renewed) => loads.keepRecords(renewed))
      return answer
    })
  }

  // Nothing is kept here, so no marker is needed, and the remaining time does not matter.
  async #getRemote(key: string, reading: Reading | undefined): Promise<Stored | undefined> {
    const { remote, time, table } = this.#state
    const untilMs = time.end()
    const since = table.version
    let entry = remote.readOne === undefined ? (await remote.read([key])).get(key) : await remote.readOne(key)
    if (entry === IN_FULL) entry = (await remote.read([key], time.left(untilMs))).get(key)
    if (entry === undefined) return undefined
    const fresh = this.#freshOf(entry, reading, untilMs, since)
    return isPromise(fresh) ? await fresh : fresh
  }

  // Reads several keys in a node that keeps nothing.
  async #getManyRemote(
    keys: readonly string[],
    reading: Reading | undefined,
  ): Promise<readonly (Stored | undefined)[]> {
    const { time } = this.#state
    const outbox = this.#outbox
    if (reading?.skip === 'l2') return []
    const since = this.#state.table.version
    if (!outbox.isEmpty && keys.some((key) => outbox.has(key))) {
      const asked = keys.filter((key) => !outbox.has(key))
      const list = await this.#getManyRemote(asked, reading)
      const stored = new Map(asked.map((key, index) => [key, list[index]]))
      return keys.map((key) => stored.get(key))
    }
    const untilMs = time.end(keys.length)
    const entries = await this.#listed(keys, untilMs)
    const list: MaybePromise<Stored | undefined>[] = []
    let isWaiting = false
    for (const entry of entries) {
      const fresh = entry === undefined ? undefined : this.#freshOf(entry, reading, untilMs, since)
      if (isPromise(fresh)) isWaiting = true
      list.push(fresh)
    }
    return isWaiting ? Promise.all(list.map(async (one) => one)) : (list as readonly (Stored | undefined)[])
  }

  async #listed(keys: readonly string[], untilMs: number): Promise<readonly (RemoteFound | undefined)[]> {
    const { remote, time } = this.#state
    if (remote.readMany === undefined) {
      const found = await remote.read(keys)
      return keys.map((key) => found.get(key))
    }
    const entries = await remote.readMany(keys)
    const inFull = keys.filter((_, index) => entries[index] === IN_FULL)
    if (inFull.length === 0) return entries as readonly (RemoteFound | undefined)[]
    const found = await remote.read(inFull, time.left(untilMs))
    return entries.map((entry, index) => (entry === IN_FULL ? found.get(keys[index]!) : entry))
  }

  // Returns the value of an entry that has just been read, if the entry is fresh for the reader.
  #freshOf(
    entry: RemoteFound,
    reading: Reading | undefined,
    untilMs: number,
    since: number,
  ): MaybePromise<Stored | undefined> {
    const { generations, remainingMs, graceMs } = entry
    // Most entries need no judgement.
    if (generations === undefined && graceMs === undefined && reading === undefined) return entry.stored
    const shown = this.#loads.shows(generations, reading, untilMs, since)
    const judged = (verdict: TagState): Stored | undefined =>
      freshMsFor(remainingMs, graceMs ?? 0, verdict, undefined) === undefined ? undefined : entry.stored
    return isPromise(shown) ? shown.then(judged) : judged(shown)
  }

  async #readRemote(
    keys: readonly string[],
    reading: Reading | undefined,
  ): Promise<ReadonlyMap<string, Found>> {
    const { remote, clock, time, table } = this.#state
    const outbox = this.#outbox
    const loads = this.#loads
    const asked = outbox.isEmpty ? keys : keys.filter((key) => !outbox.has(key))
    if (asked.length === 0 || reading?.skip === 'l2') return new Map()
    const startedAtMs = clock.now()
    const untilMs = time.end(asked.length)
    const since = table.version
    const entries = await remote.read(asked)
    let verdicts = Array.from(entries.values(), ({ generations }) =>
      loads.shows(generations, reading, untilMs, since),
    )
    if (verdicts.some(isPromise)) verdicts = await Promise.all(verdicts.map(async (verdict) => verdict))
    const agedMs = clock.now() - startedAtMs
    const found = new Map<string, Found>()
    let index = 0
    for (const [key, entry] of entries) {
      const { stored, remainingMs: inAllMs, graceMs = 0 } = entry
      const verdict = verdicts[index++] as TagState
      const staleForMs = verdict === 'stale' ? table.staleForMs(entry.generations) : 0
      const remainingMs = freshMsFor(inAllMs - agedMs, graceMs, verdict, reading, staleForMs)
      if (remainingMs === undefined) continue
      found.set(key, remainingMs === inAllMs ? entry : { stored, remainingMs })
    }
    return found
  }

  async #fetchOne(key: string, reading: Reading | undefined): Promise<Stored | undefined> {
    return (await this.#fetch([key], { ...reading, stale: false })).get(key)?.stored
  }

  async #fetch(keys: readonly string[], reading: Reading | undefined): Promise<ReadonlyMap<string, Found>> {
    const { remote, inFlight, clock, time, table } = this.#state
    const loads = this.#loads
    const asked = keys.filter((key) => !this.#outbox.has(key))
    if (asked.length === 0) return new Map()
    const markers = asked.map((key) => inFlight.open(key))
    const startedAtMs = clock.now()
    const untilMs = time.end(asked.length)
    const since = table.version
    try {
      const found = await remote.read(asked)
      const visible = new Map<string, Found>()
      await Promise.all(
        markers.map(async (marker) => {
          const entry = found.get(marker.key)
          if (entry === undefined) return
          const verdict = await loads.shows(entry.generations, reading, untilMs, since)
          const shown = this.#found(marker, entry, verdict, reading, startedAtMs)
          if (shown !== undefined) visible.set(marker.key, shown)
        }),
      )
      return visible
    } finally {
      for (const marker of markers) inFlight.close(marker)
    }
  }

  // Returns the server's entry if the reader may have it. It is also kept here if nothing has happened to it meanwhile.
  #found(
    marker: Operation,
    entry: RemoteFound,
    verdict: TagState,
    reading: Reading | undefined,
    startedAtMs: number,
  ): Found | undefined {
    const { clock } = this.#state
    if (verdict === 'fresh') this.#entries.read(marker, entry, startedAtMs)
    const leftMs = entry.remainingMs - (clock.now() - startedAtMs)
    const staleForMs = verdict === 'stale' ? this.#state.table.staleForMs(entry.generations) : 0
    const remainingMs = freshMsFor(leftMs, entry.graceMs ?? 0, verdict, reading, staleForMs)
    return remainingMs === undefined ? undefined : { stored: entry.stored, remainingMs }
  }
}
