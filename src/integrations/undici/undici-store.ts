import { Writable } from 'node:stream'
import type { BaseCache } from '../../cache/base-cache.ts'
import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { checkReadable } from '../../options/checks.ts'
import { checkOptions } from '../../options/options.ts'
import { runtimeOf } from '../shared/check-cache.ts'
import type { Found, Kept, RequestKey, ResponseHead } from './shapes.ts'
import { Variants, type Epoch } from './variants.ts'

/** Options of {@link UndiciStore}. */
export interface UndiciStoreOptions {
  /** The most bytes of a body that is kept; default 5 MB. A larger one goes to the caller only. */
  readonly maxBodyBytes?: number | undefined
}

const MAX_BODY_BYTES = 5_000_000

/**
 * The store for the cache of undici 7 and 8: `interceptors.cache({ store: new UndiciStore(cache) })`. A response is
 * found by its URL, its method and the headers that its `Vary` names.
 */
export class UndiciStore {
  readonly #variants: Variants
  readonly #maxBodyBytes: number
  // The epochs of URLs when undici looked for a response, by the request, which it passes again with the response.
  readonly #asked = new WeakMap<object, Epoch>()

  /** @throws OptionsError for anything that is not a cache, and for wrong options. */
  constructor(cache: BaseCache, options: UndiciStoreOptions = {}) {
    this.#variants = new Variants(cache, runtimeOf(cache, 'UndiciStore: cache'))
    checkReadable(options, 'UndiciStore')
    checkOptions(options, ['maxBodyBytes'], 'UndiciStore')
    const { maxBodyBytes = MAX_BODY_BYTES } = options
    if (!Number.isSafeInteger(maxBodyBytes) || maxBodyBytes < 0)
      throw new OptionsError(
        `UndiciStore: maxBodyBytes: ${inspect(maxBodyBytes)} is not a whole number from 0`,
      )
    this.#maxBodyBytes = maxBodyBytes
  }

  /** Returns a response that fits the request; `undefined` = there is none. */
  async get(key: RequestKey): Promise<Found | undefined> {
    const kept = await this.#find(key)
    if (kept === undefined) return undefined
    const { head, body } = kept
    const chunk = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    return {
      ...head,
      cacheControlDirectives: head.cacheControlDirectives ?? {},
      body: chunk.length === 0 ? [] : [chunk],
    }
  }

  /** Returns a stream that keeps a response with the body that is written to it. */
  createWriteStream(key: RequestKey, value: ResponseHead): Writable {
    const asked = this.#asked.get(key)
    const most = this.#maxBodyBytes
    let chunks: Buffer[] = []
    let bytes = 0
    const keep = async (done: () => void): Promise<void> => {
      if (bytes <= most) await this.#keep(asked, key, { head: { ...value }, body: Buffer.concat(chunks) })
      done()
    }
    return new Writable({
      write(chunk: Buffer | string, encoding, done) {
        const part = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
        bytes += part.byteLength
        if (bytes <= most) chunks.push(part)
        else chunks = []
        done()
      },
      final(done) {
        void keep(done)
      },
    })
  }

  /** Deletes all responses of a URL. */
  async delete(key: RequestKey): Promise<void> {
    try {
      await this.#variants.delete(key)
    } catch {
      // A closed cache has nothing that could be found.
    }
  }

  async #find(key: RequestKey): Promise<Kept | undefined> {
    try {
      const epoch = await this.#variants.epochOf(key)
      this.#asked.set(key, epoch)
      return epoch.isNew ? undefined : await this.#variants.find(epoch, key)
    } catch {
      return undefined
    }
  }

  // A response that is not kept is no trouble of the caller who asked for it.
  async #keep(asked: Epoch | undefined, key: RequestKey, kept: Kept): Promise<void> {
    try {
      await this.#variants.keep(asked ?? (await this.#variants.epochOf(key)), key, kept)
    } catch {
      // The cache is closed.
    }
  }
}
