import type { Timers } from '../../core/time/clock.ts'
import type { ClientEvents } from '../libraries/client-events.ts'

/** How long what is closed may go on connecting, before it is closed whatever has become of it. */
const PATIENCE_MS = 5000

/** A client of node-redis, as far as closing it goes. */
interface Closable extends ClientEvents {
  readonly isOpen: boolean
  readonly isReady: boolean
  destroy(): void
}

/** Closes something when its connecting has ended, either way: what arrives after it was closed would stay open. */
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
 * Closes a client of node-redis. Release 5 loses sight of a socket that comes about after that, so one that is on its way
 * is waited for.
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
  // Its last errors are of no interest, and must not end the process.
  if (client.listenerCount('error') === 0) client.on('error', () => {})
  try {
    client.destroy()
  } catch {
    // It was closed already.
  }
}
