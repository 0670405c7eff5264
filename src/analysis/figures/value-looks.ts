import type { Store, Stored } from '../../core/store.ts'
import { mix } from '../../internal/hash.ts'
import { bytesOf } from '../../memory/bytes.ts'
import { WireFormat } from '../../serialization/wire/wire-format.ts'

/** The number of values that are looked at in a second, because that takes time. */
const MOST_A_SECOND = 50
/** Larger values are not encoded. */
const MOST_BYTES = 262_144

/** A value that was looked at. */
export interface Looked {
  /** The estimated size of the entry in memory, as `maxBytes` counts it. */
  readonly bytes: number
  /** The hash of the encoded value. Absent if it is not wanted, or not known. */
  readonly fingerprint: number | undefined
}

/**
 * Looks at values: at their size, and at their encoded form, so that two loads of a key can be compared. The value is
 * encoded as JSON of Cachette's own, because the bytes of a store may be encrypted, and then differ each time. It looks
 * at 50 values a second at most.
 */
export class ValueLooks {
  readonly #store: Store
  readonly #format = new WireFormat({ maxBytes: MOST_BYTES })
  #left = MOST_A_SECOND

  constructor(store: Store) {
    this.#store = store
  }

  /** Begins another second. */
  tick(): void {
    this.#left = MOST_A_SECOND
  }

  /** Looks at a value, unless enough were looked at in this second. */
  look(key: string, stored: Stored | undefined, isCompared: boolean): Looked | undefined {
    if (stored === undefined || this.#left <= 0) return undefined
    this.#left--
    try {
      const value = this.#store.view(stored)
      const bytes = bytesOf(value, key)
      const fingerprint =
        isCompared && bytes <= MOST_BYTES ? hashBytes(this.#format.serialize(value)) : undefined
      return { bytes, fingerprint }
    } catch {
      return undefined
    }
  }
}

function hashBytes(bytes: Uint8Array): number {
  let hash = bytes.length
  for (const byte of bytes) {
    hash = Math.imul(hash ^ byte, 0x01000193)
    hash ^= hash >>> 15
  }
  return mix(hash)
}
