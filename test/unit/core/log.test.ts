import { describe, expect, it } from 'vitest'
import {
  Condition,
  isToldElsewhere,
  Log,
  toldElsewhere,
  type ConditionTexts,
} from '../../../src/core/logging/log.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'

const TEXTS: ConditionTexts = { level: 'warn', began: 'lost', ended: 'back' }

function setUp() {
  const clock = new FakeClock()
  const logger = new RecordingLogger()
  const log = new Log(logger, clock, () => ({ cache: 'users' }))
  return { clock, logger, log, condition: new Condition(log) }
}

describe('a notice', () => {
  it('is written at once, then ever more seldom, with the number that it stands for', async () => {
    const { clock, logger, log } = setUp()
    for (let second = 0; second < 200; second++) {
      log.notice('warn', { second }, 'a refresh failed')
      await clock.advance('1s')
    }

    expect(logger.lines.map(({ details }) => details)).toEqual([
      { cache: 'users', second: 0 },
      { cache: 'users', second: 10, count: 10 },
      { cache: 'users', second: 70, count: 60 },
      { cache: 'users', second: 130, count: 60 },
      { cache: 'users', second: 190, count: 60 },
    ])
  })

  it('is limited apart for each topic, and anew after a quiet time', async () => {
    const { clock, logger, log } = setUp()
    for (let round = 0; round < 3; round++) {
      log.notice('warn', {}, 'does not fit', 'get')
      log.notice('warn', {}, 'does not fit', 'increment')
    }
    expect(logger.lines).toHaveLength(2)

    await clock.advance('2m')
    log.notice('warn', {}, 'does not fit', 'get')
    expect(logger.lines).toHaveLength(3)
    expect(logger.lines[2]!.details).toEqual({ cache: 'users', count: 3 })
  })

  it('survives a logger that throws', () => {
    const broken = (): never => {
      throw new Error('disk full')
    }
    const log = new Log({ warn: broken, error: broken }, new FakeClock(), () => ({}))

    expect(() => log.notice('warn', {}, 'text')).not.toThrow()
  })
})

describe('a condition', () => {
  it('is told when it begins and when it ends, with its duration and the calls that failed', async () => {
    const { clock, logger, condition } = setUp()
    condition.failed()
    for (let round = 0; round < 10; round++) condition.begin(TEXTS, { round })
    condition.failed()
    await clock.advance('3s')
    condition.end({ repeatedInvalidations: 2 })
    condition.end()

    expect(logger.summary).toEqual(['warn: lost', 'info: back'])
    expect(logger.lines.map(({ details }) => details)).toEqual([
      { cache: 'users', round: 0 },
      { cache: 'users', repeatedInvalidations: 2, durationMs: 3000, failedCalls: 2 },
    ])
  })

  it('that comes and goes is told five times a minute, then with how often it was not', async () => {
    const { clock, logger, condition } = setUp()
    for (let round = 0; round < 50; round++) {
      condition.begin(TEXTS, {})
      condition.end()
      await clock.advance('1s')
    }
    expect(logger.lines).toHaveLength(10)

    await clock.advance('10s')
    condition.begin(TEXTS, {})
    expect(logger.lines).toHaveLength(11)
    expect(logger.lines[10]!.details).toEqual({ cache: 'users', untold: 45 })
  })

  it('that was not told is told as soon as it may be, if it still holds', async () => {
    const { clock, logger, condition } = setUp()
    for (let round = 0; round < 6; round++) {
      condition.end()
      condition.begin(TEXTS, {})
    }
    expect(logger.lines).toHaveLength(10)

    await clock.advance('1m')
    condition.begin(TEXTS, {})
    condition.end()
    expect(logger.summary.slice(10)).toEqual(['warn: lost', 'info: back'])
  })
})

describe('an error whose cause is told elsewhere', () => {
  it('is known as such', () => {
    expect(isToldElsewhere(toldElsewhere(new Error('lost')))).toBe(true)
    expect(isToldElsewhere(new Error('lost'))).toBe(false)
    expect(isToldElsewhere('lost')).toBe(false)
  })
})
