/** A 32-bit hash of any value that can be the key of a Map; equal keys (by SameValueZero) hash equally. */
export type HashKey = (key: unknown) => number

// Beyond this length only both ends are read: an estimate of frequency needs no more, and a hash that
// reads a key of a kilobyte costs more than all the rest of an insertion.
const WHOLE = 128
const END = 64

const scratch = new Float64Array(1)
const scratchWords = new Uint32Array(scratch.buffer)

/** Spreads the bits of an integer over 32 bits; a bijection, so that different integers never collide. */
export function mix(value: number): number {
  let h = value ^ (value >>> 16)
  h = Math.imul(h, 0x21f0aaad)
  h ^= h >>> 15
  h = Math.imul(h, 0x735a2d97)
  return h ^ (h >>> 15)
}

/**
 * Makes a hash function of its own. The seed keeps strangers from choosing keys that collide. Objects,
 * functions and symbols are numbered when they are first seen, and the numbering holds none of them alive.
 */
export function createHash(seed: number): HashKey {
  const identities = new WeakMap<WeakKey, number>()
  let lastIdentity = 0

  function hashIdentity(key: WeakKey): number {
    let identity = identities.get(key)
    if (identity === undefined) {
      identity = ++lastIdentity
      identities.set(key, identity)
    }
    return mix(identity ^ ~seed)
  }

  function hashOther(key: unknown): number {
    if (typeof key === 'symbol') {
      const registered = Symbol.keyFor(key)
      return registered === undefined ? hashIdentity(key) : ~hashString(registered, seed)
    }
    if ((typeof key === 'object' && key !== null) || typeof key === 'function') return hashIdentity(key)
    return hashString(String(key), ~seed)
  }

  return (key) => {
    if (typeof key === 'string') return hashString(key, seed)
    if (typeof key === 'number') return hashNumber(key, seed)
    return hashOther(key)
  }
}

function hashString(text: string, seed: number): number {
  const length = text.length
  let h = seed ^ length
  const head = length <= WHOLE ? length : END
  for (let i = 0; i < head; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  if (head < length) {
    for (let i = length - END; i < length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  }
  return mix(h)
}

function hashNumber(value: number, seed: number): number {
  if ((value | 0) === value) return mix(value ^ seed)
  scratch[0] = value
  return mix(mix(scratchWords[0]! ^ seed) + scratchWords[1]!)
}
