import { createHash } from 'node:crypto'
import type { MaybePromise } from '../core/promise.ts'
import { isPromise } from '../core/promise.ts'
import type { Store, Stored, ValueFormat } from '../core/store.ts'
import { canonical } from '../keys/canonical.ts'

/** Compares values by their content, in the form in which readers get them (docs/decisions/0145). */
export class Fingerprints {
  readonly #store: Store
  readonly #format: () => MaybePromise<ValueFormat>
  readonly #select: (value: unknown, family: string) => unknown

  constructor(
    store: Store,
    format: () => MaybePromise<ValueFormat>,
    select: (value: unknown, family: string) => unknown,
  ) {
    this.#store = store
    this.#format = format
    this.#select = select
  }

  /** Returns the fingerprint of a stored value. @throws if the value can't be read. */
  ofStored(stored: Stored, family: string): MaybePromise<string> {
    return this.of(this.#select(this.#store.view(stored), family))
  }

  /** Returns the fingerprint of a loader's answer; `undefined` if it can't be stored. */
  ofLoaded(value: unknown, family: string): MaybePromise<string | undefined> {
    if (value === undefined || value === null) return this.of(this.#select(value ?? null, family))
    const { stored } = this.#store.admit(value)
    return stored === undefined ? undefined : this.ofStored(stored, family)
  }

  /** Returns the fingerprint of any value. */
  of(value: unknown): MaybePromise<string> {
    let text: string
    try {
      text = canonical(value)
    } catch {
      // Class instances, errors and cycles have bytes, but no canonical text.
      const format = this.#format()
      return isPromise(format)
        ? format.then((later) => digest(later.serialize(value)))
        : digest(format.serialize(value))
    }
    return digest(text)
  }
}

/** Returns the first 12 digits of the SHA-256 of a text, under which reports name it. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}

function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('base64')
}
