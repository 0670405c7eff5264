import { EventEmitter } from 'node:events'
import { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { capture } from './node-capture.ts'

// The requests of loads in the background, which go to the handler.
const refreshes = new WeakSet<object>()

/** Whether a request is one that {@link refreshBy} has made. */
export function isRefresh(request: object): boolean {
  return refreshes.has(request)
}

/** Returns a function that gives a framework a request of its own, as its server does, with the client of another one. */
export function refreshBy(
  { socket }: IncomingMessage,
  url: string,
  dispatch: (request: IncomingMessage, response: ServerResponse) => unknown,
): (forwarded: Request) => Promise<Response> {
  return async (forwarded) => {
    const nobody = nobodyBehind(socket)
    const request = new IncomingMessage(nobody)
    Object.assign(request, { method: 'GET', url, complete: true })
    for (const [name, value] of forwarded.headers) {
      request.headers[name] = value
      request.rawHeaders.push(name, value)
    }
    request.push(null)
    refreshes.add(request)
    const response = new ServerResponse(request)
    response.destroy = () => {
      nobody.destroy()
      return response
    }
    nobody.once('close', () => response.emit('close'))
    const run = (): void => void dispatch(request, response)
    const ended = (): void => {
      response.emit('finish')
      nobody.destroy()
    }
    return capture(response, run, {}, ended).answer
  }
}

/** Returns a connection with the addresses of another one. To destroy it closes nothing else. */
function nobodyBehind(socket: Socket): Socket {
  const nobody = Object.create(socket) as Socket
  // Events of its own.
  Reflect.apply(EventEmitter, nobody, [])
  let isDestroyed = false
  const destroy = (): Socket => {
    if (isDestroyed) return nobody
    isDestroyed = true
    queueMicrotask(() => nobody.emit('close', false))
    return nobody
  }
  return Object.defineProperties(nobody, {
    destroyed: { get: () => isDestroyed },
    destroy: { value: destroy },
    destroySoon: { value: destroy },
    end: { value: destroy },
    resetAndDestroy: { value: destroy },
  })
}
