/**
 * Turns values into bytes and back in place of Cachette's own JSON. Implement it to plug in another format.
 * Integers are not given to it, because counters must stay text that Redis can add to. Frames, compression,
 * encryption and limits work in the same way as with JSON.
 *
 * @example
 * const packr = new Packr({ structuredClone: true, moreTypes: true })
 * const msgpack: Serializer = {
 *   name: 'msgpackr',
 *   serialize: (value) => packr.pack(value),
 *   deserialize: (bytes) => packr.unpack(bytes),
 * }
 */
export interface Serializer {
  /**
   * The name of the format. It is part of the bytes (at most 255 bytes of UTF-8), so that a reader with another
   * serializer sees a miss.
   */
  readonly name: string
  /** Returns bytes, or text to be stored as UTF-8. It throws for a value that it can't keep. */
  serialize(value: unknown): Uint8Array | string
  /** Returns a new value from such bytes, which are not used for anything else. It may throw, which means a miss. */
  deserialize(bytes: Uint8Array): unknown
}
