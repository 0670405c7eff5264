import { createHash } from 'node:crypto'
import type { Store, Stored } from '../core/store.ts'
import { canonical } from '../keys/canonical.ts'

/** Compares values by their content, in the form in which readers get them (docs/decisions/0145). */
export class Fingerprints {
  readonly #store: Pick<Store, 'admit' | 'view'>
  readonly #select: (value: unknown, family: string) => unknown

  constructor(
    store: Pick<Store, 'admit' | 'view'>,
    select: (value: unknown, family: string) => unknown = (value) => value,
  ) {
    this.#store = store
    this.#select = select
  }

  /** Returns the fingerprint of a stored value. @throws if the value can't be read or compared. */
  ofStored(stored: Stored, family: string): string {
    return this.#of(this.#store.view(stored), family)
  }

  /** Returns the fingerprint of a loader's answer. @throws if it can't be stored or compared. */
  ofLoaded(value: unknown, family: string): string {
    if (value === undefined || value === null) return this.#of(null, family)
    const { stored, refused } = this.#store.admit(value)
    if (stored === undefined) throw refused
    return this.ofStored(stored, family)
  }

  #of(value: unknown, family: string): string {
    return fingerprint(this.#select(value, family))
  }
}

/** Returns the fingerprint of a value by its canonical text. @throws KeyError if it has none. */
export function fingerprint(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('base64')
}

/** Returns the first 12 digits of the SHA-256 of a text, under which reports name it. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}
