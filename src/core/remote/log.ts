import type { BusState } from '../health.ts'

/**
 * The identity of an epoch, which is a history of a partition's log. The higher ordinal is the newer one. Two epochs
 * with the same ordinal and different randoms were made at the same time.
 */
export interface EpochId {
  readonly ordinal: number
  readonly random: string
}

/** An epoch. It is *born* if there was no sequence, and *rotated* if a server had lost entries. */
export interface Epoch extends EpochId {
  /**
   * The ordinal of the born epoch in which the counter began. For a born epoch it is its own. A rotated epoch continues
   * the counter and log of the one before.
   */
  readonly birth: number
}

/** The position of a partition's log. */
export interface Head {
  readonly epoch: Epoch
  /** The number of the last logged operation; 0 before the first. */
  readonly counter: number
  /** The unique stamp of that operation; `''` before the first. */
  readonly stamp: string
}

/** The answer for a partition's head. `unanswered`: its server is away, while another one has answered. */
export type RemoteHead = Head | 'unanswered'

/** One logged operation, which changed its key, tag or partition. */
export interface LogEntry {
  readonly counter: number
  /** A stamp that is unique in the world, so that two histories of the same length are told apart. */
  readonly stamp: string
  /** The stamp of the entry before it. */
  readonly previous: string
  /**
   * The reach of the operation: the item as a key, the item as a tag, or (`flush`, without an item) every key of the
   * partition.
   */
  readonly kind: 'key' | 'tag' | 'flush'
  readonly item: string
  /** The stamp that the operation had when it was first logged. Absent unless this is a replay of it. */
  readonly origin?: string
}

/** An operation that a node has applied. It is logged again if a server has lost it. A flush has nothing to repeat. */
export interface Replayable {
  readonly kind: 'key' | 'tag'
  readonly item: string
  /** The stamp with which it was first logged. A log that has it, as a stamp or an origin, needs no replay. */
  readonly stamp: string
  /** The number of the operation in the log. */
  readonly counter: number
}

/** A logged operation as the bus brings it. It may come late, twice, out of order, or not at all. */
export interface Message extends LogEntry {
  readonly partition: string
  readonly epoch: Epoch
}

/** The entries logged since a head that a follower names. */
export interface SyncReply {
  readonly head: Head
  /** The entries after the head that was sent. Empty if the log does not reach back to it or has another epoch. */
  readonly entries: readonly LogEntry[]
}

/** The result of an attempt to give a partition another epoch. */
export interface Rotation {
  /** Whether the epoch was the one seen and is now the one given. */
  readonly won: boolean
  /** The head afterwards. Absent if there is no sequence. */
  readonly head: Head | undefined
}

/** Carries the messages of a remote store's log to its followers, sooner than their heartbeat. */
export interface Bus {
  /** Begins to receive. `onReady` is called whenever messages from now on should arrive. Earlier ones may be lost. */
  subscribe(onMessage: (message: Message) => void, onReady: () => void): () => void
  /** The state of the bus, while somebody receives. */
  readonly state?: BusState | undefined
  /** Sends a text and expects it back, for {@link Bus.state}. Never rejects. */
  check?(): Promise<void>
}
