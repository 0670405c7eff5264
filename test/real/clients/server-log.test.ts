// The log of one server, told by its connections in an order that a server decides.
import { describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../../src/core/errors.ts'
import { NodeStates } from '../../../src/redis/connection/guard/node-states.ts'
import { ServerLog, type Reporter } from '../../../src/redis/connection/guard/server-log.ts'
import { attemptError } from '../../../src/redis/libraries/line.ts'
import type { Surroundings } from '../../../src/redis/libraries/surroundings.ts'
import { FakeClock } from '../../../src/testing/fake-clock.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'

const DENIED =
  'error: Redis refuses the login; check user name and password of the URL, or the option `credentials`'
const LOST = 'warn: Redis is not connected; it is tried again until it is'

const denied = new StoreUnavailableError('WRONGPASS invalid username-password pair', { reason: 'denied' })
const closedEarly = new StoreUnavailableError(String(attemptError(undefined, false)))
const away = new StoreUnavailableError('connect ECONNREFUSED 127.0.0.1:6379')

function open() {
  const logger = new RecordingLogger()
  const nodes = new NodeStates()
  const parts: Partial<Surroundings> = {
    logger,
    cache: 'cache',
    clock: new FakeClock(),
    nodes,
    queues: new Set(),
  }
  const surroundings = parts as Surroundings
  const [one, other]: Reporter[] = [{ surroundings }, { surroundings }]
  return { logger, nodes, log: ServerLog.of('127.0.0.1:6379', surroundings), one: one!, other: other! }
}

describe('the log of a server that refuses the login', () => {
  it('has one line, also if the server closes connections before it says so', () => {
    const { logger, nodes, log, one, other } = open()
    log.lost(one, denied)
    for (let attempt = 0; attempt < 5; attempt++) {
      log.lost(other, closedEarly)
      log.lost(one, closedEarly)
      log.lost(other, denied)
      log.lost(one, denied)
    }
    expect(logger.summary).toEqual([DENIED])
    expect(nodes.all).toMatchObject([{ state: 'denied' }])
  })

  it('tells that the server is away', () => {
    const { logger, log, one, other } = open()
    for (const connection of [one, other]) log.lost(connection, denied)
    for (const connection of [one, other]) log.lost(connection, closedEarly)
    for (const connection of [one, other]) log.lost(connection, away)
    expect(logger.summary).toEqual([DENIED, LOST])
  })
})

describe('the log of a server that refuses to write', () => {
  it.each([
    ['OOM command not allowed', 'full', /no memory left/],
    ['MISCONF Redis is configured to save RDB snapshots', 'full', /can not save its data to the disk/],
    ['READONLY You can not write', 'read-only', /read-only here/],
    ['NOREPLICAS Not enough good replicas to write', 'read-only', /fewer replicas follow it/],
  ] as const)('tells the cause of %s', (message, reason, text) => {
    const { logger, log, one } = open()
    log.up(one)
    log.refused('set', new StoreUnavailableError(message, { reason }))
    log.did('set')
    expect(logger.summary).toEqual([expect.stringMatching(text), 'info: Redis writes again'])
  })
})
