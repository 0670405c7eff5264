import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import { types } from 'node:util'
import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { isRecord } from '../../internal/objects.ts'
import { checkReadable } from '../../options/checks.ts'
import type { Encryption } from './stages.ts'

/** Options of {@link encryption}. */
export interface EncryptionOptions {
  /**
   * Keys of 32 bytes, or their base64, by a name of at most 255 bytes, which is stored beside the encrypted bytes. All
   * keys are used for reading. To rotate, add a key everywhere, then make it `current` everywhere. Remove the old one
   * when its entries have expired. One key is good for 2^32 writes.
   */
  readonly keys: Readonly<Record<string, Uint8Array | string>>
  /** The name of the key that encrypts. @default the last of `keys` */
  readonly current?: string | undefined
}

const algorithm = 'aes-256-gcm'
const nonceLength = 12
const tagLength = 16

/**
 * Encrypts bodies with AES-256-GCM, for the option `encryption` of a cache or {@link WireFormat}. The header and the
 * cache's key are authenticated, so that an entry that was changed or moved to another key is a miss. Keys, tags, sizes
 * and counters stay legible. Throws OptionsError for a key of another size.
 */
export function encryption(options: EncryptionOptions): Encryption {
  checkReadable(options, 'encryption')
  const { keys } = options
  // They are not shown, because they are secrets.
  if (!isRecord(keys)) throw new OptionsError('encryption: keys: it is no object of keys by their names')
  checkReadable(keys, 'encryption: keys')
  const { current = Object.keys(keys).at(-1) } = options
  const byId = new Map<string, KeyObject>()
  for (const [id, key] of Object.entries(keys)) byId.set(id, secretKey(id, key))
  if (current === undefined || !byId.has(current))
    throw new OptionsError('encryption: `current` must name one of the keys')
  // The authenticated parts are given in one call, because not every runtime takes several for one text.
  return {
    start: () => ({ keyId: current, nonce: randomBytes(nonceLength) }),
    seal({ keyId, nonce }, authenticated, body) {
      const cipher = createCipheriv(algorithm, byId.get(keyId)!, nonce, { authTagLength: tagLength })
      cipher.setAAD(Buffer.concat(authenticated))
      return Buffer.concat([cipher.update(body), cipher.final(), cipher.getAuthTag()])
    },
    open({ keyId, nonce }, authenticated, body) {
      const key = byId.get(keyId)
      const end = body.length - tagLength
      if (key === undefined || end < 0) return undefined
      const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagLength })
      decipher.setAAD(Buffer.concat(authenticated))
      decipher.setAuthTag(body.subarray(end))
      try {
        return Buffer.concat([decipher.update(body.subarray(0, end)), decipher.final()])
      } catch {
        return undefined
      }
    },
  }
}

function secretKey(id: string, key: Uint8Array | string): KeyObject {
  const bytes = typeof key === 'string' ? Buffer.from(key, 'base64') : key
  // A wrong value is not shown, because it may be a secret.
  if (!types.isUint8Array(bytes))
    throw new OptionsError(`encryption: keys: the key ${inspect(id)} is neither bytes nor base64`)
  if (bytes.length !== 32)
    throw new OptionsError(`encryption: keys: the key ${inspect(id)} has ${bytes.length} bytes, not 32`)
  if (Buffer.byteLength(id) > 255) throw new OptionsError('the name of a key has at most 255 bytes')
  return createSecretKey(bytes)
}
