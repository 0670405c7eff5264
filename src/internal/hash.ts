// Beyond this length only both ends are read. An estimate of frequency needs no more, and hashing a key of a kilobyte
// costs more than the rest of an insertion.
const WHOLE = 128
const END = 64

const scratch = new Float64Array(1)
const scratchWords = new Uint32Array(scratch.buffer)

/** Spreads the bits of an integer over 32 bits. It is a bijection, so that different integers never collide. */
export function mix(value: number): number {
  let h = value ^ (value >>> 16)
  h = Math.imul(h, 0x21f0aaad)
  h ^= h >>> 15
  h = Math.imul(h, 0x735a2d97)
  return h ^ (h >>> 15)
}

/**
 * Hashes any value that can be the key of a Map to 32 bits. Equal keys (as a Map compares them) have equal hashes. The
 * seed keeps strangers from choosing keys that collide. Objects, functions and symbols are numbered when they are first
 * seen, and the numbering keeps none of them alive.
 */
export class KeyHash {
  readonly #seed: number
  readonly #identities = new WeakMap<WeakKey, number>()
  #lastIdentity = 0

  constructor(seed: number) {
    this.#seed = seed | 0
  }

  of(key: unknown): number {
    if (typeof key === 'string') return hashString(key, this.#seed)
    if (typeof key === 'number') return hashNumber(key, this.#seed)
    return this.#ofOther(key)
  }

  #ofOther(key: unknown): number {
    if (typeof key === 'symbol') {
      const registered = Symbol.keyFor(key)
      return registered === undefined ? this.#ofIdentity(key) : ~hashString(registered, this.#seed)
    }
    if ((typeof key === 'object' && key !== null) || typeof key === 'function') return this.#ofIdentity(key)
    return hashString(String(key), ~this.#seed)
  }

  #ofIdentity(key: WeakKey): number {
    let identity = this.#identities.get(key)
    if (identity === undefined) {
      identity = ++this.#lastIdentity
      this.#identities.set(key, identity)
    }
    return mix(identity ^ ~this.#seed)
  }
}

function hashString(text: string, seed: number): number {
  const length = text.length
  if (length <= WHOLE) return mix(hashRange(text, 0, length, seed ^ length))
  return mix(hashRange(text, length - END, length, hashRange(text, 0, END, seed ^ length)))
}

// Takes two characters a step, which halves the multiplications. Each of them waits for the one before.
function hashRange(text: string, from: number, to: number, seed: number): number {
  let h = seed
  let i = from
  for (; i < to - 1; i += 2) {
    h = Math.imul(h ^ text.charCodeAt(i) ^ (text.charCodeAt(i + 1) << 16), 0x01000193)
    h ^= h >>> 15
  }
  return i < to ? Math.imul(h ^ text.charCodeAt(i), 0x01000193) : h
}

function hashNumber(value: number, seed: number): number {
  if ((value | 0) === value) return mix(value ^ seed)
  scratch[0] = value
  return mix(mix(scratchWords[0]! ^ seed) + scratchWords[1]!)
}
