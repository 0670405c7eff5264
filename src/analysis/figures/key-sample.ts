const HASHES = 2 ** 32
const AWAITED = 2 ** 14
/** The bits of a hash that choose a place in {@link KeySample.awaited}. */
export const AWAITED_MASK: number = AWAITED - 1
/** A value whose fingerprint is not known. */
export const UNKNOWN = undefined

/** The end of an entry's life, and what is known of it. */
export interface Life<F> {
  readonly family: F
  /** Whether its key was read before its end. */
  readonly wasRead: boolean
  readonly wasInvalidated: boolean
}

/** The listener to what the sample finds. */
export interface KeySampleListener<F> {
  /** An entry is over. */
  ended(life: Life<F>): void
  /** A key was read whose last entry had ended without a read. */
  readLater(family: F): void
  /** A load of a key returned the same value as its load before, or another, after a time. */
  reloaded(family: F, afterMs: number, isChanged: boolean): void
  /** A key was invalidated some time after its load. */
  invalidated(family: F, afterMs: number): void
}

interface Tracked<F> {
  readonly family: F
  fingerprint: number | undefined
  /** The time of its last load; `undefined` = no load since it was invalidated. */
  loadedAtMs: number | undefined
  /** The time at which its entry is over, unless it was removed earlier; `undefined` = it has none. */
  endsAtMs: number | undefined
  /** Whether the key was read since an entry of it was stored, or none ever was. */
  isRead: boolean
  /** The number of interruptions before the entry was stored. */
  interruptions: number
  /** Whether its last entry was told to have ended without a read. */
  isUnread: boolean
}

/**
 * Follows the entries of a sample of the keys, chosen by their hashes, so that frequent keys are no likelier than others.
 * If the sample is full, it halves its share of the keys and forgets those that no longer belong to it (fixed-size
 * SHARDS: Waldspurger, Park, Garthwaite and Ahmad, "Efficient MRC Construction with SHARDS", 2015). 2,048 keys take
 * about 0.3 MB.
 */
export class KeySample<F> {
  readonly #most: number
  readonly #listener: KeySampleListener<F>
  readonly #keys = new Map<number, Tracked<F>>()
  #below = HASHES
  #interruptions = 0
  /**
   * For each value of the low bits of a hash, the number of keys in the sample whose entry was not read yet. The reader of any key looks here first, because most reads concern none.
   */
  readonly awaited: Uint8Array = new Uint8Array(AWAITED)

  constructor(most: number, listener: KeySampleListener<F>) {
    this.#most = most
    this.#listener = listener
  }

  /** The share of all keys that the sample holds. */
  get share(): number {
    return this.#below / HASHES
  }

  /** The number of keys in the sample. */
  get size(): number {
    return this.#keys.size
  }

  /** Whether a key of this hash is in the sample, or would be. */
  follows(hash: number): boolean {
    return hash >>> 0 < this.#below
  }

  /** Whether the read of a key may concern an entry that is to be read yet. */
  awaits(hash: number): boolean {
    return this.awaited[hash & AWAITED_MASK] !== 0
  }

  /** Notes a read of a key, whether or not it was found. An entry that was evicted would have served it. */
  read(hash: number, nowMs: number): void {
    const tracked = this.#keys.get(hash)
    if (tracked === undefined || tracked.isRead) return
    if (tracked.endsAtMs !== undefined && tracked.endsAtMs <= nowMs) this.#end(tracked, nowMs, false)
    if (tracked.isUnread) this.#listener.readLater(tracked.family)
    tracked.isUnread = false
    tracked.isRead = true
    this.#expect(hash, -1)
  }

  /** Notes that reads were missed, or will be. Entries of before say nothing of reads. */
  lost(): void {
    this.#interruptions++
  }

  /** Notes that a key was loaded. `lifeMs` is the time for which the entry lives at most. */
  loaded(hash: number, family: F, fingerprint: number | undefined, nowMs: number, lifeMs: number): void {
    const tracked = this.#of(hash, family)
    if (tracked === undefined) return
    const { loadedAtMs } = tracked
    if (loadedAtMs !== undefined && fingerprint !== undefined && tracked.fingerprint !== undefined) {
      this.#listener.reloaded(tracked.family, nowMs - loadedAtMs, fingerprint !== tracked.fingerprint)
    }
    this.#stored(hash, tracked, nowMs, lifeMs)
    tracked.fingerprint = fingerprint
    tracked.loadedAtMs = nowMs
  }

  /** Notes that a key was written by its owner. The time of the change of the value is not known. */
  written(hash: number, family: F, nowMs: number, lifeMs: number): void {
    const tracked = this.#of(hash, family)
    if (tracked === undefined) return
    this.#stored(hash, tracked, nowMs, lifeMs)
    tracked.fingerprint = tracked.loadedAtMs = undefined
  }

  /** Notes that a load found the value of a key unchanged, and its entry lives on. */
  confirmed(hash: number, nowMs: number): void {
    const tracked = this.#keys.get(hash)
    if (tracked?.loadedAtMs === undefined) return
    this.#listener.reloaded(tracked.family, nowMs - tracked.loadedAtMs, false)
    tracked.loadedAtMs = nowMs
  }

  /** Notes that the entry of a key is gone, which says nothing of the value. */
  removed(hash: number, nowMs: number, wasInvalidated: boolean): void {
    const tracked = this.#keys.get(hash)
    if (tracked !== undefined) this.#end(tracked, nowMs, wasInvalidated)
  }

  /** Notes that a key was invalidated. */
  invalidated(hash: number, nowMs: number): void {
    const tracked = this.#keys.get(hash)
    if (tracked === undefined) return
    const { loadedAtMs } = tracked
    if (loadedAtMs !== undefined) this.#listener.invalidated(tracked.family, nowMs - loadedAtMs)
    tracked.loadedAtMs = tracked.fingerprint = undefined
    this.#end(tracked, nowMs, true)
  }

  /** Notes that entries are over whose time has come. */
  sweep(nowMs: number): void {
    for (const tracked of this.#keys.values()) {
      if (tracked.endsAtMs !== undefined && tracked.endsAtMs <= nowMs) this.#end(tracked, nowMs, false)
    }
  }

  #of(hash: number, family: F): Tracked<F> | undefined {
    const known = this.#keys.get(hash)
    if (known !== undefined) return known
    if (hash >>> 0 >= this.#below) return undefined
    if (this.#keys.size >= this.#most) {
      this.#halve()
      if (hash >>> 0 >= this.#below) return undefined
    }
    const tracked = {
      family,
      fingerprint: UNKNOWN,
      loadedAtMs: undefined,
      endsAtMs: undefined,
      isRead: true,
      isUnread: false,
      interruptions: 0,
    }
    this.#keys.set(hash, tracked)
    return tracked
  }

  #stored(hash: number, tracked: Tracked<F>, nowMs: number, lifeMs: number): void {
    this.#end(tracked, nowMs, false)
    tracked.endsAtMs = nowMs + lifeMs
    if (tracked.isRead) this.#expect(hash, 1)
    tracked.isRead = tracked.isUnread = false
    tracked.interruptions = this.#interruptions
  }

  #end(tracked: Tracked<F>, nowMs: number, isInvalidated: boolean): void {
    const { endsAtMs, isRead, family } = tracked
    if (endsAtMs === undefined) return
    tracked.endsAtMs = undefined
    if (tracked.interruptions !== this.#interruptions) return
    tracked.isUnread = !isRead
    // An invalidation after its time has removed nothing.
    this.#listener.ended({ family, wasRead: isRead, wasInvalidated: isInvalidated && nowMs < endsAtMs })
  }

  #halve(): void {
    do {
      this.#below /= 2
      for (const [hash, tracked] of this.#keys) {
        if (hash >>> 0 < this.#below) continue
        // Nothing is known of the end of its life.
        if (!tracked.isRead) this.#expect(hash, -1)
        this.#keys.delete(hash)
      }
    } while (this.#keys.size >= this.#most)
  }

  // A count that is full stays so. Then readers look for nothing at times.
  #expect(hash: number, change: 1 | -1): void {
    const place = hash & AWAITED_MASK
    const count = this.awaited[place]!
    if (count < 255) this.awaited[place] = count + change
  }
}
