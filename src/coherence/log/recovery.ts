import type { Random, TimerHandle, Timers } from '../../core/time/clock.ts'
import type { Epoch, EpochId, Head, RemoteStore, Replayable } from '../../core/remote-store.ts'
import type { LogFollower } from './log-follower.ts'
import type { RecentInvalidations } from './recent-invalidations.ts'

/** The parts that recovery uses. */
export interface RecoveryParts {
  readonly remote: RemoteStore
  readonly partition: string
  readonly journal: RecentInvalidations
  readonly timers: Timers
  readonly random: Random
  /** The interval of heartbeats. A node that was not the first to notice replays after one to two of them. */
  readonly heartbeatMs: number
  /** Forgets all that this node has of an entry, before it is sent and again when it is answered (C5). */
  forget(entry: Replayable): void
  /** Notes the head of the log after a replay. */
  replayed(head: Head): void
}

const BATCH = 500

/** A node's part in mending a partition whose server has lost something, by a new epoch and the lost entries (C9). */
export class Recovery {
  readonly #parts: RecoveryParts
  /** The epoch whose log still lacks lost entries; kept until they are replayed. */
  #owed: Epoch | undefined
  #timer: TimerHandle
  #isDue = false
  #running = false
  #closed = false

  constructor(parts: RecoveryParts) {
    this.#parts = parts
  }

  /** Returns an epoch that no other node will make. */
  epoch(ordinal: number): EpochId {
    return { ordinal, random: Math.floor(this.#parts.random() * 2 ** 48).toString(36) }
  }

  async rotate(follower: LogFollower, seen: Epoch, ordinal: number): Promise<void> {
    const { remote, partition } = this.#parts
    try {
      const rotation = await remote.rotate(partition, seen, this.epoch(ordinal))
      if (!this.#closed) follower.onRotated(rotation)
    } catch {
      follower.onSyncFailed()
    }
  }

  /** Whether a replay is still to be acknowledged. */
  get isOwed(): boolean {
    return this.#owed !== undefined
  }

  /** Schedules the replay of lost entries into a rotated epoch that this node follows, at once or after a jitter. */
  replay({ epoch }: Head, atOnce: boolean): void {
    const { journal, timers, random, heartbeatMs } = this.#parts
    // A node that has just begun has nothing that a server could have lost.
    this.#owed = journal.recent(epoch).length === 0 ? undefined : epoch
    this.#isDue = false
    timers.clear(this.#timer)
    if (this.#owed === undefined) return
    const pauseMs = atOnce ? 0 : heartbeatMs * (1 + random())
    this.#timer = timers.set(() => {
      this.#isDue = true
      void this.run()
    }, pauseMs)
  }

  /** Replays the due entries, at each heartbeat until the server has acknowledged them. */
  async run(): Promise<void> {
    const epoch = this.#owed
    if (epoch === undefined || !this.#isDue || this.#running) return
    this.#running = true
    try {
      if ((await this.#send(epoch)) && this.#owed === epoch) this.#owed = undefined
    } catch {
      // The server is away, and the heartbeat tries again.
    } finally {
      this.#running = false
    }
  }

  close(): void {
    this.#closed = true
    this.#owed = undefined
    this.#parts.timers.clear(this.#timer)
  }

  // Replays entries and returns whether all were accepted. A refused replay stays owed until this node follows the
  // partition's present epoch.
  async #send(epoch: Epoch): Promise<boolean> {
    const { remote, partition, journal, forget, replayed } = this.#parts
    const entries = journal.recent(epoch)
    for (let start = 0; start < entries.length; start += BATCH) {
      const batch = entries.slice(start, start + BATCH)
      for (const entry of batch) forget(entry)
      const head = await remote.replay(partition, epoch, batch)
      if (head === undefined) return false
      for (const entry of batch) forget(entry)
      replayed(head)
    }
    return true
  }
}
