/** A value, or a promise of it if the store has to wait. */
export type MaybePromise<T> = T | PromiseLike<T>

/** Whether the answer is a promise. */
export function isPromise<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<T>).then === 'function'
}
