import { isPromise } from './promise.ts'

/** Keeps a host alive until work has ended, such as `ctx.waitUntil` of a serverless platform. */
export type WaitUntil = (work: Promise<unknown>) => void

/**
 * Hands work in the background to the host, as a promise that never rejects. The host's own errors go to `failed`.
 * Must be called in the async context of the caller, because hosts find their request by it.
 */
export function handOver(
  waitUntil: WaitUntil,
  work: Promise<unknown>,
  failed: (error: unknown) => void,
): void {
  try {
    const handed: unknown = waitUntil(work.then(ignore, ignore))
    if (isPromise(handed)) void Promise.resolve(handed).catch(failed)
  } catch (error) {
    failed(error)
  }
}

function ignore(): void {}
