import { Writable } from 'node:stream'
import { winstonLogger } from 'cachette/loggers'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import winston from 'winston'
import { openCache } from '../../real/caches.ts'
import type { ClientName } from '../../real/native-clients.ts'
import { describeWithServers, startRedis } from '../../real/servers/index.ts'
import { until } from '../../support/until.ts'

const LIBRARIES: readonly ClientName[] = ['node-redis 6', 'ioredis 5']
const PASSWORD = 'wrong-secret'

describeWithServers('a login that the server refuses', () => {
  it.each(LIBRARIES)('is logged without its password through %s', async (client) => {
    const server = await startRedis()
    onTestFinished(() => server.close())
    let text = ''
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString()
        done()
      },
    })
    const transports = [new winston.transports.Stream({ stream })]
    const loggers = [
      pino({}, stream),
      winstonLogger(winston.createLogger({ format: winston.format.json(), transports })),
    ]
    for (const logger of loggers) {
      text = ''
      const login = { username: 'nobody', password: PASSWORD }
      const opened = await openCache('redis', client, server.url, {
        prefix: 'a:',
        logger,
        login,
        wait: false,
      })
      onTestFinished(async () => opened[Symbol.asyncDispose]())
      await until('a line about the login', async () => {
        await opened.cache.set('key', 'value-of-a-user')
        return text.includes('Redis refuses the login')
      })

      expect(text).not.toContain(PASSWORD)
      expect(text).not.toContain('value-of-a-user')
      expect(text).toContain('WRONGPASS')
    }
  })
})
