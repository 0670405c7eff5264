import type { Timers } from '../../core/time/clock.ts'
import type { ClientEvents } from '../libraries/client-events.ts'

/** The time after which a client that is still connecting is closed in any case. */
const PATIENCE_MS = 5000

/** The part of a client of node-redis that closing needs. */
interface Closable extends ClientEvents {
  readonly isOpen: boolean
  readonly isReady: boolean
  destroy(): void
}

/**
 * Closes a client when its connecting has ended, either way. A connection that arrives after the closing would stay
 * open.
 */
export function closeAfter(
  connecting: Promise<unknown> | undefined,
  timers: Timers,
  close: () => void,
): void {
  if (connecting === undefined) return close()
  let isClosed = false
  const closeOnce = (): void => {
    if (isClosed) return
    isClosed = true
    timers.clear(timer)
    close()
  }
  const timer = timers.set(closeOnce, PATIENCE_MS)
  connecting.then(closeOnce, closeOnce)
}

/**
 * Closes a client of node-redis. Waits for a socket that is on its way, because release 5 loses sight of a socket that
 * opens after the closing.
 */
export function closeClient(client: Closable, hasSocket: boolean): void {
  if (hasSocket || client.isReady || !client.isOpen) return destroy(client)
  const close = (): void => {
    for (const event of EVENTS) client.off(event, close)
    destroy(client)
  }
  for (const event of EVENTS) client.on(event, close)
}

const EVENTS = ['connect', 'ready', 'error', 'end']

function destroy(client: Closable): void {
  // The last errors of the client do not matter, and must not end the process.
  if (client.listenerCount('error') === 0) client.on('error', () => {})
  try {
    client.destroy()
  } catch {
    // The client was closed already.
  }
}
