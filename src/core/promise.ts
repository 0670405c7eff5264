/** A value, or a promise of it: stores that need not wait answer at once. */
export type MaybePromise<T> = T | PromiseLike<T>

/** Whether the answer has to be waited for. */
export function isPromise<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<T>).then === 'function'
}
