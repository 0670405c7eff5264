import type { Ioredis } from '../libraries/ioredis/line.ts'
import type { NodeRedis } from '../libraries/node-redis/line.ts'

/** The login of a connection. */
export interface Login {
  readonly username?: string | undefined
  readonly password?: string | undefined
}

/** Returns the login of a connection; called for each connection. */
export type Credentials = () => Login | Promise<Login>

const asked = new WeakSet<Ioredis>()
const UNANSWERED = 'the function `credentials` has not answered'

/**
 * Makes a client of ioredis ask for its login for each connection, instead of using the one that it was made with. If
 * there is no answer, it connects with the last login, and the server decides.
 */
export function askAtEachConnection<Client extends Ioredis>(
  client: Client,
  credentials: Credentials,
): Client {
  if (asked.has(client)) return client
  asked.add(client)
  const connect = client.connect.bind(client)
  const disconnect = client.disconnect.bind(client)
  let pending: Promise<unknown> | undefined
  let isAsking = false
  // The number of the present attempt.
  let round = 0
  const attempt = async (own: number): Promise<unknown> => {
    isAsking = true
    try {
      const { username = null, password = null } = await credentials()
      if (own === round) Object.assign(client.options, { username, password })
    } catch (error) {
      if (own === round) client.emit?.('error', error)
    }
    // The attempt may have been given up, and the client closed.
    if (own !== round) return undefined
    isAsking = false
    return client.status === 'end' ? undefined : connect()
  }
  const begin = (own: number): Promise<unknown> =>
    attempt(own).finally(() => {
      if (own === round) pending = undefined
    })
  client.connect = () => {
    pending ??= begin(++round)
    return pending
  }
  // The client itself can't give up an attempt before it has a socket.
  client.disconnect = (reconnect) => {
    const isHanging = isAsking && reconnect === true
    const isWaiting = client.status === 'reconnecting'
    if (isHanging) client.emit?.('error', new Error(UNANSWERED))
    isAsking = false
    pending = undefined
    round++
    disconnect(reconnect)
    if (isHanging && isWaiting) client.connect().catch(() => {})
  }
  return client
}

/**
 * Returns the login that a client of ioredis would connect with now. The user may have changed it after making the
 * client.
 */
export function presentLogin(client: { readonly options: object }): Login {
  const { username, password } = client.options as Record<string, string | null | undefined>
  return { username: username ?? undefined, password: password ?? undefined }
}

interface Provider {
  readonly type: string
  credentials?(): Promise<Login>
}

/**
 * Returns options for a client of node-redis that let it connect with the present login of another one. This is the
 * login of the other one's provider, or the login that was set in its options after it was adapted.
 */
export function providerLike(client: NodeRedis): object {
  const first = loginOf(client)
  const { credentialsProvider } = optionsOf(client)
  if (credentialsProvider !== undefined && credentialsProvider.credentials === undefined) return {}
  const credentials = async (): Promise<Login> => {
    const present = loginOf(client)
    const isSet = present.username !== first.username || present.password !== first.password
    const provider = optionsOf(client).credentialsProvider
    return isSet || provider?.credentials === undefined ? present : provider.credentials()
  }
  return { credentialsProvider: { type: 'async-credentials-provider', credentials } }
}

/** Returns options that let node-redis ask for a login for each connection. */
export function providerOf(credentials: Credentials): object {
  return {
    credentialsProvider: {
      type: 'async-credentials-provider',
      credentials: async () => credentials(),
    },
  }
}

function optionsOf(client: NodeRedis): Login & { readonly credentialsProvider?: Provider } {
  return (client.options ?? {}) as Login & { readonly credentialsProvider?: Provider }
}

function loginOf(client: NodeRedis): Login {
  const { username, password } = optionsOf(client)
  return { username, password }
}
