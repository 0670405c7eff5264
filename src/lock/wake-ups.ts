import type { AtomicStore, StateKey } from '../core/atomic-store.ts'

// Who waits in this process for a permit, so that one that is released here goes on at once, without waiting for the
// next question.
const waiting = new WeakMap<AtomicStore, Map<string, Set<() => void>>>()

/** Tells those in this process who wait for the key that a permit may be free. */
export function wake(store: AtomicStore, { kind, key }: StateKey): void {
  for (const awake of waiting.get(store)?.get(`${kind}{${key}`) ?? []) awake()
}

/** Waits for so long, or until a permit is released in this process, or the signal is aborted. */
export async function pause(
  store: AtomicStore,
  { kind, key }: StateKey,
  delayMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const id = `${kind}{${key}`
  const keys = waiting.get(store) ?? new Map<string, Set<() => void>>()
  waiting.set(store, keys)
  const sleepers = keys.get(id) ?? new Set()
  keys.set(id, sleepers)
  await new Promise<void>((resolve) => {
    const awake = (): void => {
      store.timers.clear(timer)
      signal?.removeEventListener('abort', awake)
      sleepers.delete(awake)
      if (sleepers.size === 0 && keys.get(id) === sleepers) keys.delete(id)
      resolve()
    }
    const timer = store.timers.set(awake, delayMs, 'awaited')
    signal?.addEventListener('abort', awake)
    sleepers.add(awake)
  })
}
