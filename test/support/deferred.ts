/** A promise that is settled from outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(reason: unknown): void
}

export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<T>((onSuccess, onFailure) => {
    resolve = onSuccess
    reject = onFailure
  })
  return { promise, resolve, reject }
}

/** Waits one turn of the event loop, so that all work that needs no time is done. */
export async function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
