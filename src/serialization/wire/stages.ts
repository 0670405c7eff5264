import type { BodyHeader, CodecName } from './frame.ts'

type Codec = Exclude<CodecName, 'none'>
type Encrypted = NonNullable<BodyHeader['encrypted']>

/** The result of `compression()`. Its code is loaded only by programs that import it. */
export interface Compression {
  /** The size below which bodies are left as they are, in bytes. */
  readonly threshold: number
  /** Returns the compressed body with the number of its bytes before, or `undefined` if that is not worth it. */
  compress(body: Uint8Array): { codec: Codec; bytes: Uint8Array; length: number } | undefined
  /** Returns the original body, or `undefined` if this process has no such codec. Throws beyond `length` bytes. */
  decompress(codec: Codec, body: Uint8Array, length: number): Uint8Array | undefined
}

/** The result of `encryption()`. Its code is loaded only by programs that import it. */
export interface Encryption {
  /** Returns the key to use and a fresh nonce. */
  start(): Encrypted
  /**
   * Returns the encrypted body with its tag at the end. `authenticated` is no part of it, but must be the same to open
   * it.
   */
  seal(encrypted: Encrypted, authenticated: readonly Uint8Array[], body: Uint8Array): Uint8Array
  /** Returns the original body, or `undefined` if the key is unknown or anything was changed. */
  open(encrypted: Encrypted, authenticated: readonly Uint8Array[], body: Uint8Array): Uint8Array | undefined
}
