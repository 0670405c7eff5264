import type { Random, TimerHandle, Timers } from '../../core/time/clock.ts'
import type { Epoch, EpochId, Head, RemoteStore, Replayable } from '../../core/remote-store.ts'
import type { LogFollower } from './log-follower.ts'
import type { RecentInvalidations } from './recent-invalidations.ts'

/** What recovery works with. */
export interface RecoveryParts {
  readonly remote: RemoteStore
  readonly partition: string
  readonly journal: RecentInvalidations
  readonly timers: Timers
  readonly random: Random
  /** The pause before the replay of a node that was not the first to notice: from one to two of these. */
  readonly heartbeatMs: number
  /** Before an entry is sent and again when it is answered: whatever this node has of it goes (C5). */
  forget(entry: Replayable): void
  /** The log has what was replayed, and is so long. */
  replayed(head: Head): void
}

const BATCH = 500

/** A node's part in mending a partition whose server has lost something: a new epoch, and the lost entries (C9). */
export class Recovery {
  readonly #parts: RecoveryParts
  /** The epoch whose log is still to be given what it has lost; kept until it is done. */
  #owed: Epoch | undefined
  #timer: TimerHandle
  #isDue = false
  #running = false
  #closed = false

  constructor(parts: RecoveryParts) {
    this.#parts = parts
  }

  /** An epoch that no other node will make. */
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

  /** The node follows a rotated epoch, whose log is to get back what was lost of it: at once, or after a jitter. */
  replay({ epoch }: Head, atOnce: boolean): void {
    const { journal, timers, random, heartbeatMs } = this.#parts
    // Whoever has just begun has nothing that a server could have lost.
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

  /** Replays what is due: again at each heartbeat, until the server has acknowledged it. */
  async run(): Promise<void> {
    const epoch = this.#owed
    if (epoch === undefined || !this.#isDue || this.#running) return
    this.#running = true
    try {
      if ((await this.#send(epoch)) && this.#owed === epoch) this.#owed = undefined
    } catch {
      // The server is away: the heartbeat tries again.
    } finally {
      this.#running = false
    }
  }

  close(): void {
    this.#closed = true
    this.#owed = undefined
    this.#parts.timers.clear(this.#timer)
  }

  // Whether all is done. Refused, it stays owed: until this node follows the epoch that the partition has now.
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
