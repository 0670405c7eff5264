import type { ClientEvents } from '../client-events.ts'

interface SentinelConnector {
  connectToSentinel(...args: readonly unknown[]): ClientEvents
}

/**
 * Listens for errors of the connections by which a client of ours follows sentinels. ioredis does not listen to them,
 * and writes each error to the console.
 */
export function hearSentinels<Client extends object>(client: Client): Client {
  const connector: unknown = Reflect.get(client, 'connector')
  if (!isSentinelConnector(connector)) return client
  const connect = connector.connectToSentinel.bind(connector)
  connector.connectToSentinel = (...args) => {
    const sentinel = connect(...args)
    sentinel.on('error', ignore)
    return sentinel
  }
  return client
}

function isSentinelConnector(connector: unknown): connector is SentinelConnector {
  return typeof connector === 'object' && connector !== null && 'connectToSentinel' in connector
}

function ignore(): void {}
