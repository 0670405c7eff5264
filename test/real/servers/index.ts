// Servers for tests, and their faults. CONTRIBUTING.md says in a few lines how to use them.
import { describe, it } from 'vitest'
import { findServers, type Servers } from './find.ts'
import { startRedis, type RedisServer } from './server.ts'

export { findServers, type Servers } from './find.ts'
export { connect, ReplyError, type Address, type Connection, type Reply } from './resp.ts'
export { certificates } from './certificates.ts'
export { restrictedUser, RedisServer, startRedis, startReplica, type ServerOptions } from './server.ts'
export { masterName, SentinelGroup, startSentinelGroup } from './sentinel.ts'
export { RedisCluster, startCluster } from './cluster.ts'
export { FaultProxy, startProxy, type ProxyMode } from './proxy.ts'
export { HOSTED, startHosted, startServerless, type HostedBehaviour, type HostedService } from './hosted.ts'

const servers: Servers = findServers()

/**
 * Runs `describe` for tests that start servers. Without a program to start it skips, with the reason in its name. With
 * `CI=true` that is a failure.
 */
export function describeWithServers(name: string, body: () => void): void {
  const { program, reason } = servers
  if (program === undefined && process.env['CI']) {
    it(`${name}: finds a server`, () => {
      throw new Error(reason)
    })
    return
  }
  const title = program === undefined ? `${name} (skipped: ${reason})` : name
  describe.skipIf(program === undefined)(title, () => {
    body()
  })
}

/** Returns the programs to run a test on, by name. A missing one is reported in one line and left out. */
export function serverKinds(): { readonly kind: string; readonly program: string }[] {
  const { program, valkey } = servers
  const given = process.env['CACHETTE_TEST_PROGRAM'] || undefined
  if (given !== undefined) return [{ kind: given, program: given }]
  if (valkey === undefined) console.log('Valkey: no valkey-server on PATH, skipped.')
  const kinds = [
    { kind: 'Redis', program: program === valkey ? undefined : program },
    { kind: 'Valkey', program: valkey },
  ]
  return kinds.filter((one): one is { kind: string; program: string } => one.program !== undefined)
}

/**
 * Returns a server for tests that need a place for their keys and no faults. It is that of `REDIS_URL`, where tests
 * keep to a prefix of their own, or a new one that `close` ends.
 */
export async function plainServer(): Promise<{ readonly url: string; close(): Promise<void> }> {
  if (servers.url !== undefined) return { url: servers.url, close: async () => undefined }
  const server: RedisServer = await startRedis()
  return { url: server.url, close: async () => server.close() }
}
