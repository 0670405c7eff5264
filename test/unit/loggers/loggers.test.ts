import { Writable } from 'node:stream'
import { consoleLogger, MemoryCache, type Logger } from 'cachette'
import { nestLogger, winstonLogger } from 'cachette/loggers'
import { ConsoleLogger, Logger as NestLogger } from '@nestjs/common'
import { pino } from 'pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import winston from 'winston'

afterEach(() => {
  vi.restoreAllMocks()
})

/** A stream whose lines are kept. */
class Lines extends Writable {
  readonly lines: string[] = []

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.lines.push(...chunk.toString().trimEnd().split('\n'))
    done()
  }

  get json(): readonly Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  }
}

/** Makes a cache write a warning with an error. */
async function warn(logger: Logger): Promise<void> {
  const cache = new MemoryCache({ name: 'users', logger })
  await cache.set('user:7', () => 1)
}

const WARNING = 'a value can not be stored'

describe('pino', () => {
  it('fits as it is, and writes the error', async () => {
    const out = new Lines()
    await warn(pino({}, out))

    expect(out.json).toEqual([
      expect.objectContaining({ level: 40, msg: WARNING, cache: 'users', operation: 'set', key: 'user:7' }),
    ])
    expect(out.json[0]!['err']).toMatchObject({
      type: 'SerializationError',
      message: expect.stringContaining('function') as unknown,
      stack: expect.stringContaining('SerializationError') as unknown,
    })
  })

  it('names the cause of an error', async () => {
    const out = new Lines()
    const logger = pino({}, out)
    const cache = new MemoryCache({
      logger,
      maxEntries: 1,
      onRemoval: () => {
        throw new Error('outer', { cause: new Error('inner') })
      },
    })
    await cache.set('a', 1)
    await cache.delete('a')

    expect(JSON.stringify(out.json)).toContain('outer: inner')
  })

  it.each(['text', undefined, null, 7n, { message: 5 }, Object.freeze(new Error('frozen'))])(
    'writes a line for anything that is thrown: %s',
    async (thrown) => {
      const out = new Lines()
      const onRemoval = (): never => {
        throw thrown
      }
      const cache = new MemoryCache({ logger: pino({}, out), onRemoval })
      await cache.set('a', 1)
      await cache.delete('a')

      expect(out.json).toEqual([expect.objectContaining({ level: 50, msg: 'onRemoval has failed' })])
    },
  )
})

describe('winstonLogger', () => {
  it('writes the details as fields, and the error with its stack', async () => {
    const out = new Lines()
    const transports = [new winston.transports.Stream({ stream: out })]
    await warn(winstonLogger(winston.createLogger({ format: winston.format.json(), transports })))

    expect(out.json).toEqual([
      {
        level: 'warn',
        message: WARNING,
        cache: 'users',
        operation: 'set',
        key: 'user:7',
        err: {
          name: 'SerializationError',
          code: 'ERR_CACHE_SERIALIZATION',
          message: expect.stringContaining('function') as unknown,
          stack: expect.stringContaining('SerializationError') as unknown,
        },
      },
    ])
  })

  it('knows the levels of syslog', async () => {
    const out = new Lines()
    const { levels } = winston.config.syslog
    const transports = [new winston.transports.Stream({ stream: out })]
    await warn(winstonLogger(winston.createLogger({ levels, format: winston.format.json(), transports })))

    expect(out.json[0]).toMatchObject({ level: 'warning', message: WARNING })
  })

  it('keeps all levels', () => {
    const out = new Lines()
    const transports = [new winston.transports.Stream({ stream: out })]
    const logger = winstonLogger(
      winston.createLogger({ level: 'debug', format: winston.format.json(), transports }),
    )
    logger.debug?.({ a: 1 }, '100 %s')
    logger.info?.({ err: 'text' }, 'b')
    logger.error({}, 'c')

    expect(out.json).toEqual([
      { level: 'debug', message: '100 %s', a: 1 },
      { level: 'info', message: 'b', err: 'text' },
      { level: 'error', message: 'c' },
    ])
  })
})

describe('nestLogger', () => {
  it('writes one line of text with its context', async () => {
    const written: string[] = []
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0)
    const target = new ConsoleLogger('cache', { colors: false })
    await warn(nestLogger(target))

    expect(written).toHaveLength(1)
    expect(written[0]).toMatch(
      / WARN \[cache\] a value can not be stored cache="users" operation="set" key="user:7" err=/,
    )
  })

  it('hands over the stack of an error', () => {
    const target = new NestLogger('cache')
    const error = vi.spyOn(target, 'error').mockReturnValue(undefined)
    const failure = new Error('no')
    nestLogger(target).error({ cache: 'users', err: failure }, 'onRemoval has failed')

    expect(error.mock.calls).toEqual([['onRemoval has failed cache="users" err="Error: no"', failure.stack]])
  })

  it('keeps all levels', () => {
    const target = { log: vi.fn<() => void>(), warn: vi.fn<() => void>(), error: vi.fn<() => void>() }
    const logger = nestLogger(target)
    logger.debug?.({}, 'a')
    logger.info?.({}, 'b')
    logger.warn({}, 'c')
    logger.error({}, 'd')

    expect(target.log.mock.calls).toEqual([['b']])
    expect(target.warn.mock.calls).toEqual([['c']])
    expect(target.error.mock.calls).toEqual([['d']])
  })
})

describe('consoleLogger', () => {
  it('writes one line', async () => {
    const line = vi.spyOn(console, 'warn').mockReturnValue(undefined)
    await warn(consoleLogger)

    expect(line.mock.calls).toEqual([
      [expect.stringMatching(/^cachette: a value can not be stored cache="users" operation="set"/)],
    ])
  })
})
