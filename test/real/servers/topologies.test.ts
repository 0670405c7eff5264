import { existsSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { until } from '../../support/until.ts'
import {
  connect,
  describeWithServers,
  plainServer,
  restrictedUser,
  serverKinds,
  startCluster,
  startRedis,
  startReplica,
  startSentinelGroup,
  type Address,
} from './index.ts'

async function ping(address: Address): Promise<unknown> {
  const connection = await connect(address)
  try {
    return await connection.command('PING')
  } finally {
    connection.close()
  }
}

describeWithServers('test servers', () => {
  describe.each(serverKinds())('$kind', ({ program }) => {
    it('starts alone', async () => {
      await using server = await startRedis({ program })
      expect(await ping({ port: server.port })).toBe('PONG')
      expect(server.url).toBe(`redis://127.0.0.1:${server.port}`)
    })

    it('starts with a password', async () => {
      await using server = await startRedis({ program, password: 'open-sesame' })
      await expect(ping({ port: server.port })).rejects.toThrow(/NOAUTH/)
      await expect(ping({ port: server.port, password: 'wrong' })).rejects.toThrow(/WRONGPASS/)
      expect(await ping(server.address)).toBe('PONG')
      expect(server.url).toBe(`redis://:open-sesame@127.0.0.1:${server.port}`)
    })

    it('has a user without channels and dangerous commands', async () => {
      await using server = await startRedis({ program })
      const connection = await connect({ port: server.port, ...restrictedUser })
      expect(await connection.command('SET', 'a', 'b')).toBe('OK')
      await expect(connection.command('PUBLISH', 'channel', 'x')).rejects.toThrow(/NOPERM/)
      await expect(connection.command('SUBSCRIBE', 'channel')).rejects.toThrow(/NOPERM/)
      await expect(connection.command('FLUSHALL')).rejects.toThrow(/NOPERM/)
      await expect(connection.command('INFO')).rejects.toThrow(/NOPERM/)
      connection.close()
    })

    it('starts with TLS under its own authority', async () => {
      await using server = await startRedis({ program, tls: true })
      expect(await ping(server.address)).toBe('PONG')
      await expect(ping({ port: server.port, ca: '' })).rejects.toThrow(/certificate/)
    })

    it('listens on a unix socket', async () => {
      await using server = await startRedis({ program, unixSocket: true })
      expect(await ping({ path: server.socketPath })).toBe('PONG')
    })

    it('starts a replica that has the data of its master', async () => {
      await using master = await startRedis({ program, password: 'secret' })
      await master.command('SET', 'a', 'b')
      await using replica = await startReplica(master)
      expect(await replica.command('GET', 'a')).toBe('b')
      await expect(replica.command('SET', 'a', 'c')).rejects.toThrow(/READONLY/)
    })

    it.each(['kill', 'freeze'] as const)('starts sentinels that promote a replica upon a %s', async (how) => {
      await using group = await startSentinelGroup({ program })
      const { before, after } = await group.failOver(how)
      expect(after.port).not.toBe(before.port)
      expect(await after.command('SET', 'a', 'b')).toBe('OK')
    })

    it('starts a cluster that moves slots and promotes a replica', async () => {
      await using cluster = await startCluster({ program })
      expect(await Promise.all(cluster.servers.map(async (server) => ping(server.address)))).toEqual(
        Array.from({ length: 6 }, () => 'PONG'),
      )
      const slot = await cluster.slotOf('{a}1')
      const owner = await cluster.ownerOf(slot)
      await owner.command('SET', '{a}1', 'x')
      await owner.command('SET', '{a}2', 'y')
      expect(await cluster.migrateSlot(slot)).toBe(2)
      await expect(owner.command('GET', '{a}1')).rejects.toThrow(/MOVED/)
      const { before, after } = await cluster.failOver(slot)
      expect(after.port).not.toBe(before.port)
      expect(await after.command('GET', '{a}1')).toBe('x')
      expect(await cluster.masters()).toHaveLength(3)
    })
  })

  it('finds a place for keys', async () => {
    const server = await plainServer()
    expect(server.url).toMatch(/^redis/)
    await server.close()
  })

  it('leaves no process and no directory when the tests are killed', async () => {
    const script = fileURLToPath(new URL('victim.ts', import.meta.url))
    const victim = spawn(process.execPath, ['--import', 'tsx', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const line = await new Promise<string>((resolve) => {
      victim.stdout.once('data', (data: Buffer) => resolve(data.toString()))
    })
    const { pid, directory } = JSON.parse(line) as { pid: number; directory: string }
    expect(process.kill(pid, 0)).toBe(true)
    victim.kill('SIGKILL')
    await until('the server to be gone', () => {
      try {
        process.kill(pid, 0)
        return false
      } catch {
        return !existsSync(directory)
      }
    })
  })
})
