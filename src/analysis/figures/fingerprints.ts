import type { Store, Stored } from '../../core/store.ts'
import { mix } from '../../internal/hash.ts'
import { WireFormat } from '../../serialization/wire/wire-format.ts'

/** The number of values that are encoded in a second, because that takes time. */
const MOST_A_SECOND = 50
/** Larger values are not encoded. */
const MOST_BYTES = 262_144

/**
 * Hashes values, so that two loads of a key can be compared. The value is encoded as JSON of Cachette's own, because the
 * bytes of a store may be encrypted, and then differ each time. At most 50 values a second are encoded.
 */
export class Fingerprints {
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

  /** Returns the hash of a value, or `undefined` if it is not known. */
  of(stored: Stored | undefined): number | undefined {
    if (stored === undefined || this.#left <= 0) return undefined
    if ((this.bytesOf(stored) ?? 0) > MOST_BYTES) return undefined
    this.#left--
    try {
      return hashBytes(this.#format.serialize(this.#store.view(stored)))
    } catch {
      return undefined
    }
  }

  /** Returns the size of a value, if the store keeps bytes. */
  bytesOf(stored: Stored | undefined): number | undefined {
    void stored
    return undefined
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
