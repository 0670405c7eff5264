interface Watch {
  readonly callbacks: Set<(reason: unknown) => void>
  readonly listener: () => void
}

// Runtimes warn of a leak when a signal has more than ten listeners, so all calls of a signal share one.
const watches = new WeakMap<AbortSignal, Watch>()

/**
 * Calls `callback` once when the signal is aborted, until the returned function is called. Each call needs a callback
 * of its own. A signal has one listener for all of them, and none without them.
 */
export function onAbort(signal: AbortSignal, callback: (reason: unknown) => void): () => void {
  const watch = watches.get(signal) ?? watchOf(signal)
  watch.callbacks.add(callback)
  return () => {
    if (watch.callbacks.delete(callback) && watch.callbacks.size === 0) unwatch(signal, watch)
  }
}

function watchOf(signal: AbortSignal): Watch {
  const callbacks = new Set<(reason: unknown) => void>()
  const watch: Watch = {
    callbacks,
    listener: () => {
      unwatch(signal, watch)
      for (const callback of callbacks) callback(signal.reason)
    },
  }
  watches.set(signal, watch)
  signal.addEventListener('abort', watch.listener)
  return watch
}

function unwatch(signal: AbortSignal, watch: Watch): void {
  if (watches.get(signal) !== watch) return
  watches.delete(signal)
  signal.removeEventListener('abort', watch.listener)
}

/**
 * Returns the result of `work`, or rejects with the signal's reason as soon as it is aborted. Work that has begun
 * continues because other callers may wait for it too. Work does not begin if the signal is already aborted.
 */
export async function abortable<T>(signal: AbortSignal | undefined, work: () => PromiseLike<T>): Promise<T> {
  if (signal === undefined) return work()
  signal.throwIfAborted()
  let stop!: () => void
  const aborted = new Promise<never>((_, reject) => {
    stop = onAbort(signal, reject)
  })
  try {
    return await Promise.race([work(), aborted])
  } finally {
    stop()
  }
}
