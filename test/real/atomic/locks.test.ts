import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { Lock, LockLostError, Semaphore, type HeldLock } from '../../../src/lock/index.ts'
import { atomicOn, type OwnAtomicStore } from '../../support/atomic.ts'
import { Peer } from '../../support/peer.ts'
import { until } from '../../support/until.ts'
import {
  describeWithServers,
  serverKinds,
  startRedis,
  startReplica,
  type RedisServer,
} from '../servers/index.ts'
import type * as holder from './holder.ts'

const peerModule = new URL('holder.ts', import.meta.url)

/** The resource that a lock protects. It refuses a holder that is older than one it has seen. */
class Resource {
  #highest = 0
  readonly written: string[] = []

  write(fence: number, text: string): boolean {
    if (fence < this.#highest) return false
    this.#highest = fence
    this.written.push(text)
    return true
  }
}

for (const { kind, program } of serverKinds()) {
  describeWithServers(`locks on ${kind}`, () => {
    let server: RedisServer
    let own: OwnAtomicStore
    beforeAll(async () => {
      server = await startRedis({ program })
      own = await atomicOn(server.url)
    })
    afterAll(async () => {
      await own.close()
      await server.close()
    })
    beforeEach(async () => {
      await server.command('FLUSHALL')
    })

    it('are held by one at a time, and given back', async () => {
      const lock = new Lock(own, 'a')
      const held = await lock.acquire()
      expect(await lock.tryAcquire()).toBe(undefined)
      expect(await held.release()).toBe(true)
      expect((await lock.acquire()).fence).toBeGreaterThan(held.fence)
    })

    it('are held by as many as a semaphore has permits, in the order of arrival', async () => {
      const semaphore = new Semaphore(own, 'a', 2)
      const order: number[] = []
      let holding = 0
      let most = 0
      const first = [await semaphore.acquire(), await semaphore.acquire()]
      const waiters: Promise<void>[] = []
      for (let index = 0; index < 10; index++) {
        const work = async (): Promise<void> => {
          await using _ = await semaphore.acquire({ wait: '30s' })
          order.push(index)
          most = Math.max(most, ++holding)
          await new Promise((resolve) => {
            setTimeout(resolve, 5)
          })
          holding--
        }
        waiters.push(work())
      }
      await until('the place of the process in the queue', async () => {
        const fields = (await server.command('HKEYS', 'test:!semaphore:a')) as readonly string[]
        return fields.filter((field) => field.startsWith('w')).length === 1
      })
      await Promise.all(first.map(async (held) => held.release()))
      await Promise.all(waiters)

      expect(most).toBe(2)
      // Two go on at a time, and either of them may be noted first.
      for (const [place, index] of order.entries()) expect(Math.abs(place - index)).toBeLessThanOrEqual(1)
    })

    it('go to nobody who comes after others that wait, until these have gone', async () => {
      const untilMs = Date.now() + 60_000
      await server.command('HSET', 'test:!lock:a', 't', 1, 'wother', `1 ${untilMs}`)
      expect(await new Lock(own, 'a').tryAcquire()).toBe(undefined)
      await server.command('HSET', 'test:!lock:a', 'wother', `1 ${Date.now() - 1}`)
      expect(await new Lock(own, 'a').tryAcquire()).toBeDefined()
      expect(await server.command('HEXISTS', 'test:!lock:a', 'wother')).toBe(0)
    })

    it('go to one at a time among processes, each later one with a higher number', async () => {
      const peers = [0, 1].map(() => new Peer<typeof holder>(peerModule))
      await Promise.all(peers.map(async (peer) => peer.call.connect(server.url)))
      const results = await Promise.all(peers.map(async (peer) => peer.call.contend('a', 1500)))
      expect(await Promise.all(peers.map(async (peer) => peer.end()))).toEqual([0, 0])
      const holdings = results.flat().toSorted(([, a], [, b]) => a - b)

      for (const [index, [fence, begin]] of holdings.entries()) {
        const before = holdings[index - 1]
        if (before === undefined) continue
        expect(fence).toBeGreaterThan(before[0])
        expect(begin).toBeGreaterThanOrEqual(before[2])
      }
      // No caller starves.
      const [mine = 0, others = 0] = results.map((one) => one.length)
      expect(Math.min(mine, others)).toBeGreaterThan(0.25 * (mine + others))
    })

    it('pass from a holder that stands still to the next, and a resource refuses the late one', async () => {
      await using peer = new Peer<typeof holder>(peerModule)
      await peer.call.connect(server.url)
      const resource = new Resource()
      const late = await peer.call.hold('a', '600ms')
      expect(resource.write(late, 'by the first')).toBe(true)
      process.kill(peer.pid, 'SIGSTOP')
      const next = await new Lock(own, 'a').acquire({ wait: '10s' })
      expect(next.fence).toBeGreaterThan(late)
      expect(resource.write(next.fence, 'by the second')).toBe(true)
      process.kill(peer.pid, 'SIGCONT')
      await until('the late holder to notice', () => peer.events.includes('lost'))

      expect(resource.write(late, 'late')).toBe(false)
      expect(resource.written).toEqual(['by the first', 'by the second'])
      expect(next.signal.aborted).toBe(false)
      await next.release()
    })

    it('stay with a holder that lives, and go on when its process dies', async () => {
      const peer = new Peer<typeof holder>(peerModule)
      await peer.call.connect(server.url)
      const fence = await peer.call.hold('a', '1500ms')
      const renewals = async (): Promise<number> =>
        Number(/calls=(\d+)/.exec((await server.info('commandstats')).get('cmdstat_hget') ?? '')?.[1] ?? 0)
      const before = await renewals()
      await until('some renewals', async () => (await renewals()) > before + 4)
      expect(await new Lock(own, 'a').tryAcquire()).toBe(undefined)
      await peer.kill()
      expect((await new Lock(own, 'a').acquire({ wait: '10s' })).fence).toBeGreaterThan(fence)
    })

    it('abort their signal before they expire when the server does not answer', async () => {
      const held = await new Lock(own, 'a', { ttl: '2s' }).acquire()
      const startMs = performance.now()
      expect(held.signal.aborted).toBe(false)
      server.freeze()
      const lost = await new Promise<number>((resolve) => {
        held.signal.addEventListener('abort', () => resolve(performance.now() - startMs))
      })
      server.resume()

      // A renewal may have succeeded just before, but the time since is not trusted.
      expect(lost).toBeLessThan(2000)
      expect(held.signal.reason).toBeInstanceOf(LockLostError)
      await until('the server to answer', async () => (await new Lock(own, 'b').tryAcquire()) !== undefined)
    })

    it('keep the last number for a while after the last holding, and nothing for ever', async () => {
      const held = await new Lock(own, 'a').acquire()
      await held.release()
      const leftMs = (await server.command('PTTL', 'test:!lock:a')) as number
      expect(leftMs).toBeGreaterThan(590_000)
      expect(leftMs).toBeLessThanOrEqual(610_000)
      expect(await server.command('HKEYS', 'test:!lock:a')).toEqual(['f'])
    })

    it('give higher numbers than the last though the clock of the server was set back', async () => {
      const future = (Date.now() + 300_000) * 1000
      await server.command('HSET', 'test:!lock:a', 'f', future)
      expect((await new Lock(own, 'a').acquire()).fence).toBe(future + 1)
    })
  })
}

describeWithServers('locks after a failover', () => {
  const acquireOn = async (server: RedisServer): Promise<HeldLock> => {
    const own = await atomicOn(server.url)
    const held = await new Lock(own, 'a', { ttl: '1s' }).acquire({ wait: '10s' })
    return held
  }

  it.each<[string, boolean]>([
    ['that has seen the holder', true],
    ['that has not', false],
  ])('give a later holder a higher number, on a replica %s', async (_, hasSeen) => {
    await using primary = await startRedis()
    await using replica = await startReplica(primary)
    if (!hasSeen) await replica.command('REPLICAOF', 'NO', 'ONE')
    const first = await acquireOn(primary)
    if (hasSeen) {
      await until(
        'the replica to have it',
        async () => (await replica.command('HGET', 'test:!lock:a', 'f')) !== null,
      )
      await primary.kill()
      await replica.command('REPLICAOF', 'NO', 'ONE')
    }
    const second = await acquireOn(replica)

    expect(second.fence).toBeGreaterThan(first.fence)
    const resource = new Resource()
    expect(resource.write(second.fence, 'second')).toBe(true)
    expect(resource.write(first.fence, 'first')).toBe(false)
  })
})
