/** An emitter of events, as the clients of all libraries are. */
export interface ClientEvents {
  on(event: string, listener: (...args: never[]) => void): unknown
  off(event: string, listener: (...args: never[]) => void): unknown
  listenerCount(event: string): number
}

/** The listeners, by event. */
export type Handlers = Readonly<Record<string, (argument: unknown) => void>>

interface Relay {
  readonly hearers: Set<(argument: unknown) => void>
  readonly pass: (argument: unknown) => void
}

const relaysOf = new WeakMap<ClientEvents, Map<string, Relay>>()

/**
 * Listens to a client that many caches may share. They share one listener for each event, because an emitter warns of a
 * leak at eleven. Returns a function that ends the listening. An `error` without a listener would end the process or be
 * written to the console, so one listener of `error` stays if there is no other.
 */
export function listenTo(client: ClientEvents, handlers: Handlers): () => void {
  const relays = relaysOf.get(client) ?? new Map<string, Relay>()
  relaysOf.set(client, relays)
  const entries = Object.entries(handlers)
  for (const [event, hear] of entries) relayOf(client, relays, event).hearers.add(hear)
  return () => {
    // Comes first, because a view of a client of node-redis loses sight of the client with its last listener.
    if (client.listenerCount('error') <= 1) client.on('error', ignore)
    for (const [event, hear] of entries) {
      const relay = relays.get(event)
      if (relay?.hearers.delete(hear) !== true || relay.hearers.size > 0) continue
      relays.delete(event)
      client.off(event, relay.pass)
    }
  }
}

function relayOf(client: ClientEvents, relays: Map<string, Relay>, event: string): Relay {
  const known = relays.get(event)
  if (known !== undefined) return known
  const hearers = new Set<(argument: unknown) => void>()
  const pass = (argument: unknown): void => {
    for (const hear of hearers) hear(argument)
  }
  relays.set(event, { hearers, pass })
  client.on(event, pass)
  return { hearers, pass }
}

function ignore(): void {}
