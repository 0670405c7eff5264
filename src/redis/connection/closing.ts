import type { Timers } from '../../core/time/clock.ts'
import { inTime } from '../../core/time/in-time.ts'
import type { ClientEvents } from '../libraries/client-events.ts'

/**
 * The longest wait for connections that open while their client is closed. Only a silent server takes so long, or a
 * machine that is out of breath, on which a wait of one second left connections behind.
 */
const PATIENCE_MS = 5000

/** The part of a client of node-redis that closing needs. */
interface Closable extends ClientEvents {
  readonly isOpen: boolean
  readonly isReady: boolean
  destroy(): void
}

/**
 * Closes a client when all that opens connections has ended, either way. A connection that arrives after the closing would
 * stay open, so after a long wait it is closed twice.
 */
export function closeAfter(
  opening: Iterable<Promise<unknown> | undefined>,
  timers: Timers,
  close: () => void,
): void {
  const waiting = [...opening].filter((one) => one !== undefined)
  if (waiting.length === 0) return close()
  const timer = timers.set(close, PATIENCE_MS)
  void Promise.allSettled(waiting).then(() => {
    timers.clear(timer)
    close()
  })
}

/** Resolves when all that opens connections has ended, after five seconds at the latest; `undefined` = there is nothing. */
export function whenOpened(opening: Iterable<Promise<unknown>>, timers: Timers): Promise<void> | undefined {
  const waiting = [...opening]
  if (waiting.length === 0) return undefined
  return inTime(Promise.allSettled(waiting), PATIENCE_MS, timers).then(() => undefined)
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
