import type { Stored } from '../core/store.ts'

/** A value in both forms, before it is known where it will be kept. */
export class Fresh {
  readonly remote: Stored
  readonly value: unknown

  constructor(remote: Stored, value: unknown) {
    this.remote = remote
    this.value = value
  }
}

/** A value in both forms, as the stored form that goes through the port. */
export function asStored(fresh: Fresh): Stored {
  return fresh as unknown as Stored
}

/** What the server is given of it. */
export function remoteForm(stored: Stored): Stored {
  return (stored as unknown as Fresh).remote
}
