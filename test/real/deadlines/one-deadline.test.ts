// All questions of a call share one deadline, whatever its options. No caller waits longer than its hardTimeout.
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { BaseCache } from 'cachette'
import { silentLogger } from '../../../src/core/logging/logger.ts'
import { ENGINES, openCache } from '../caches.ts'
import { CLIENT_NAMES } from '../native-clients.ts'
import { LagMeter } from '../outages/lag.ts'
import {
  describeWithServers,
  startProxy,
  startRedis,
  type FaultProxy,
  type ProxyMode,
  type RedisServer,
} from '../servers/index.ts'
import { HARD_TIMEOUT_MS, LATER, LIMITED, LOADS, METHODS, prepare, SCANS, type Call } from './methods.ts'

const HARD_MS = 500
// Most of the slack is for a busy machine. A second question takes at least 300 ms more.
const SLACK_MS = 280
const ALL = ENGINES.flatMap((engine) => CLIENT_NAMES.map((client) => ({ engine, client })))
// Every library is played once, and both engines with either make of library. CACHETTE_ALL_CASES=1 plays all of them.
const CASES = process.env['CACHETTE_ALL_CASES'] === '1' ? ALL : [ALL[0]!, ALL[3]!, ALL[5]!, ALL[6]!]
const SETTINGS = { prefix: 'one:', logger: silentLogger }

const FROZEN: ProxyMode = { kind: 'black-hole' }
// Two answers take longer than the deadline, and one does not.
const SLOW: ProxyMode = { kind: 'delay', ms: 200 }

/** Calls whose loader, if they have one, begins within a deadline, by name and mode. */
const BEGINNINGS = { ...METHODS, ...LOADS, ...LATER }

/**
 * Returns the milliseconds until a call was answered, or its loader began, less those in which this process was
 * stalled.
 */
async function timed(cache: BaseCache, call: Call, isToLoad: boolean, lag: LagMeter): Promise<number> {
  const lagBefore = lag.totalMs
  const beganMs = performance.now()
  let tookMs: number | undefined
  const note = (): void => {
    tookMs ??= performance.now() - beganMs - (lag.totalMs - lagBefore)
  }
  // Only a lock reports by an error that it can't be had.
  await call(cache, isToLoad ? note : () => undefined).then(note, note)
  return tookMs!
}

describeWithServers('a call', () => {
  let server: RedisServer
  let proxy: FaultProxy
  beforeAll(async () => {
    server = await startRedis()
    proxy = await startProxy(server)
  })
  afterAll(async () => {
    await proxy.close()
    await server.close()
  })

  it.each(CASES)('has one deadline, $engine with $client', async ({ engine, client }) => {
    await using other = await openCache(engine, client, server.url, SETTINGS)
    const late: string[] = []
    for (const mode of [FROZEN, SLOW]) {
      const limits = { ...BEGINNINGS, ...LIMITED }
      const names = Object.keys(limits).filter((name) => mode === FROZEN || !SCANS.includes(name))
      expect(await prepare(other.cache)).toBe(true)
      // Each of them knows no tag yet, and has met no outage.
      const opened = await Promise.all(names.map(async () => openCache(engine, client, proxy.url, SETTINGS)))
      proxy.mode = mode
      const lag = new LagMeter()
      const calls = names.map((name, at) => timed(opened[at]!.cache, limits[name]!, name in BEGINNINGS, lag))
      for (const [at, tookMs] of (await Promise.all(calls)).entries()) {
        const name = names[at]!
        const mostMs = (name in LIMITED ? HARD_TIMEOUT_MS : HARD_MS) + SLACK_MS
        if (tookMs > mostMs) late.push(`${mode.kind}: ${name}, ${tookMs.toFixed(0)} ms`)
      }
      lag.stop()
      proxy.mode = { kind: 'pass' }
      await Promise.all(opened.map(async (one) => one[Symbol.asyncDispose]()))
    }
    expect(late).toEqual([])
  })
})
