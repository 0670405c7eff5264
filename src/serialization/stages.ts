import type { BodyHeader, CodecName } from './frame.ts'

type Codec = Exclude<CodecName, 'none'>
type Encrypted = NonNullable<BodyHeader['encrypted']>

/** What `compression()` makes. Its code is loaded by those who import it only. */
export interface Compression {
  /** Bodies of fewer bytes are left as they are. */
  readonly threshold: number
  /** The body compressed, with the number of bytes it had; `undefined` if that is not worth it. */
  compress(body: Uint8Array): { codec: Codec; bytes: Uint8Array; length: number } | undefined
  /** The body as it was; `undefined` if this process has no such codec. Never more than `length` bytes; it throws. */
  decompress(codec: Codec, body: Uint8Array, length: number): Uint8Array | undefined
}

/** What `encryption()` makes. Its code is loaded by those who import it only. */
export interface Encryption {
  /** The key to use and a fresh nonce. */
  start(): Encrypted
  /** The body encrypted, its tag at the end. `authenticated` is not part of it, but has to be the same to open it. */
  seal(encrypted: Encrypted, authenticated: readonly Uint8Array[], body: Uint8Array): Uint8Array
  /** The body as it was; `undefined` if the key is unknown or anything was changed. */
  open(encrypted: Encrypted, authenticated: readonly Uint8Array[], body: Uint8Array): Uint8Array | undefined
}
