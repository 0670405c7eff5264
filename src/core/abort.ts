/**
 * The result of `work`, or a rejection with the signal's reason as soon as it is aborted. Work that has begun
 * goes on: others may wait for it too; `onLeave` is called. Aborted already: it does not begin.
 */
export async function abortable<T>(
  signal: AbortSignal | undefined,
  work: () => PromiseLike<T>,
  onLeave?: (reason: unknown) => void,
): Promise<T> {
  if (signal === undefined) return work()
  signal.throwIfAborted()
  let onAbort!: () => void
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      reject(signal.reason)
      onLeave?.(signal.reason)
    }
    signal.addEventListener('abort', onAbort)
  })
  try {
    return await Promise.race([work(), aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
