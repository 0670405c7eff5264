import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** The Redis that the guide uses. */
export interface Redis extends AsyncDisposable {
  readonly url: string
  /** Makes it deaf and wakes it again; absent where it is not ours to freeze. */
  readonly freezer?: { freeze(): void; wake(): void }
}

/** The server of `REDIS_URL`; else an own one, if `redis-server` is on the PATH; else `undefined`. */
export async function findRedis(): Promise<Redis | undefined> {
  const url = process.env['REDIS_URL']
  if (url) return { url, [Symbol.asyncDispose]: async () => undefined }
  const program = ['redis-server', 'valkey-server'].map(onPath).find((path) => path !== undefined)
  return program === undefined ? undefined : startRedis(program)
}

function onPath(name: string): string | undefined {
  const paths = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name))
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

async function startRedis(program: string): Promise<Redis> {
  const folder = mkdtempSync(join(tmpdir(), 'city-guide-redis-'))
  const port = await freePort()
  const settings = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no']
  const server = spawn(program, settings, { cwd: folder, stdio: 'ignore' })
  const kill = (): void => void server.kill('SIGKILL')
  // However the demo ends, its server does not stay.
  process.on('exit', kill)
  await answers(server, port)
  return {
    url: `redis://127.0.0.1:${port}`,
    freezer: { freeze: () => void server.kill('SIGSTOP'), wake: () => void server.kill('SIGCONT') },
    [Symbol.asyncDispose]: async () => {
      const ended = once(server, 'exit')
      kill()
      await ended
      process.off('exit', kill)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

async function answers(server: ChildProcess, port: number): Promise<void> {
  while (server.exitCode === null) {
    const socket = connect(port, '127.0.0.1')
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (connected) return
    await delay(10)
  }
  throw new Error(`redis-server ended at once with exit code ${server.exitCode}`)
}
