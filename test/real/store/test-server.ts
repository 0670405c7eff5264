import { startRedis, type ServerOptions } from '../servers/index.ts'
import { RespConnection } from './resp-connection.ts'

/** A server of the test's own, and a connection with all rights there. */
export interface TestServer {
  readonly port: number
  readonly admin: RespConnection
  stop(): Promise<void>
}

/** Starts a server. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const server = await startRedis(options)
  const admin = new RespConnection(server.port)
  return {
    port: server.port,
    admin,
    async stop() {
      admin.close()
      await server.close()
    },
  }
}
