import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RespConnection } from './resp-connection.ts'

/** Whether there is a server to test with. */
export const hasServer: boolean = spawnSync('redis-server', ['--version']).status === 0

/** A redis-server of the test's own. */
export interface TestServer {
  readonly port: number
  readonly admin: RespConnection
  stop(): Promise<void>
}

/** Starts a server on a free port, with these settings besides. */
export async function startServer(...settings: readonly string[]): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'cachette-redis-'))
  const port = await freePort()
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...settings],
    { cwd: folder, stdio: 'ignore' },
  )
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  const admin = await connected(port)
  return {
    port,
    admin,
    async stop() {
      admin.close()
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Asks until the server answers. */
export async function connected(port: number): Promise<RespConnection> {
  for (let attempt = 0; ; attempt++) {
    const connection = new RespConnection(port)
    try {
      await connection.call('PING')
      return connection
    } catch (error) {
      connection.close()
      if (attempt === 200) throw error
      await new Promise((done) => setTimeout(done, 25))
    }
  }
}

/** A port that nobody listens on, low enough for the bus of a cluster beside it. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer()
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as AddressInfo
    await new Promise((done) => server.close(done))
    if (port < 55_000) return port
  }
}
