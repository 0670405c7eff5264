import type { Random, TimerHandle, Timers } from '../../core/time/clock.ts'
import type { Epoch, EpochId, Head } from '../../core/remote/log.ts'
import { change } from '../change.ts'
import type { NodeState } from '../node-state.ts'
import type { LogFollower } from './log-follower.ts'
import type { RecentInvalidations } from './recent-invalidations.ts'

const BATCH = 500

/** A node's part in mending a partition whose server has lost something, by a new epoch and the lost entries (C9). */
export class Recovery {
  readonly #state: NodeState
  readonly #partition: string
  readonly #journal: RecentInvalidations
  readonly #timers: Timers
  readonly #random: Random
  /** The epoch whose log still lacks lost entries; kept until they are replayed. */
  #owed: Epoch | undefined
  #timer: TimerHandle
  #isDue = false
  #running = false
  #closed = false

  constructor(
    state: NodeState,
    partition: string,
    journal: RecentInvalidations,
    timers: Timers,
    random: Random,
  ) {
    this.#state = state
    this.#partition = partition
    this.#journal = journal
    this.#timers = timers
    this.#random = random
  }

  /** Returns an epoch that no other node will make. */
  epoch(ordinal: number): EpochId {
    return { ordinal, random: Math.floor(this.#random() * 2 ** 48).toString(36) }
  }

  async rotate(follower: LogFollower, seen: Epoch, ordinal: number): Promise<void> {
    try {
      const rotation = await this.#state.remote.rotate(this.#partition, seen, this.epoch(ordinal))
      if (!this.#closed) follower.onRotated(rotation)
    } catch {
      follower.onSyncFailed()
    }
  }

  /** Whether a replay is still to be acknowledged. */
  get isOwed(): boolean {
    return this.#owed !== undefined
  }

  /**
   * Schedules the replay of lost entries into a rotated epoch that this node follows: at once, or after one to two
   * heartbeats if another node was the first to notice.
   */
  replay(follower: LogFollower, { epoch }: Head, atOnce: boolean): void {
    // A node that has just begun has nothing that a server could have lost.
    this.#owed = this.#journal.recent(epoch).length === 0 ? undefined : epoch
    this.#isDue = false
    this.#timers.clear(this.#timer)
    if (this.#owed === undefined) return
    const pauseMs = atOnce ? 0 : this.#state.settings.heartbeatMs * (1 + this.#random())
    this.#timer = this.#timers.set(() => {
      this.#isDue = true
      void this.run(follower)
    }, pauseMs)
  }

  /** Replays the due entries, at each heartbeat until the server has acknowledged them. */
  async run(follower: LogFollower): Promise<void> {
    const epoch = this.#owed
    if (epoch === undefined || !this.#isDue || this.#running) return
    this.#running = true
    try {
      if ((await this.#send(follower, epoch)) && this.#owed === epoch) this.#owed = undefined
    } catch {
      // The server is away, and the heartbeat tries again.
    } finally {
      this.#running = false
    }
  }

  close(): void {
    this.#closed = true
    this.#owed = undefined
    this.#timers.clear(this.#timer)
  }

  // Replays entries and returns whether all were accepted. A refused replay stays owed until this node follows the
  // partition's present epoch.
  async #send(follower: LogFollower, epoch: Epoch): Promise<boolean> {
    const entries = this.#journal.recent(epoch)
    for (let start = 0; start < entries.length; start += BATCH) {
      const batch = entries.slice(start, start + BATCH)
      const head = await change(this.#state, {
        targets: batch,
        send: () => this.#state.remote.replay(this.#partition, epoch, batch),
        read: () => undefined,
      })
      if (head === undefined) return false
      follower.onSeen(head)
    }
    return true
  }
}
