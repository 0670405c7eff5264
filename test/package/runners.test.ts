import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readEntryPoints } from '../../tools/entry-points.ts'
import { findServers, startRedis, type RedisServer } from '../real/servers/index.ts'
import { type InstalledProject, installPackage, type Printed } from './installed.ts'

const entries = readEntryPoints(fileURLToPath(new URL('../..', import.meta.url))).filter(
  ({ needs }) => needs.length === 0,
)
const names = entries.map(({ name }) => (name === 'index' ? 'cachette' : name))
const specifiers = entries.map(({ specifier }) => specifier)

const RUN = `it('works', async () => {
  expect(await trial({ ${names.join(', ')} }, process.env.TRIAL_URL)).toBe('all is well')
})
it('loads one copy', () => {
  expect(library.BaseCache === cachette.BaseCache).toBe(true)
})
`
/** The fake timers of each runner: how they begin, advance by `ms`, and end. */
const TIMERS = {
  jest: ['jest.useFakeTimers()', 'jest.advanceTimersByTime(ms)', 'jest.useRealTimers()'],
  vitest: ['vi.useFakeTimers()', 'vi.advanceTimersByTime(ms)', 'vi.useRealTimers()'],
  node: [
    `mock.timers.enable({ apis: ['Date', 'setTimeout', 'setInterval', 'setImmediate'] })`,
    'mock.timers.tick(ms)',
    'mock.timers.reset()',
  ],
} as const
type Runner = keyof typeof TIMERS

function tests(runner: Runner): string {
  const [begin, advance, end] = TIMERS[runner]
  return `${RUN}it('is moved by fake timers', async () => {
  ${begin}
  expect(await timers({ ${names.join(', ')} }, (ms) => ${advance})).toBe('all is moved')
  ${end}
})
`
}

function commonJs(runner: Runner): string {
  return `${names.map((name, index) => `const ${name} = require('${specifiers[index]}')`).join('\n')}
const trial = require('./trial.cjs')
const timers = require('./timers.cjs')
const library = require('library')
${tests(runner)}`
}

function esModule(runner: Runner): string {
  return `${names.map((name, index) => `import * as ${name} from '${specifiers[index]}'`).join('\n')}
import trial from './trial.cjs'
import timers from './timers.cjs'
import library from 'library'
${tests(runner)}`
}

// As the starter of Nest has it, with Jest.
const CLASSIC = {
  module: 'commonjs',
  declaration: true,
  removeComments: true,
  emitDecoratorMetadata: true,
  experimentalDecorators: true,
  allowSyntheticDefaultImports: true,
  target: 'ES2023',
  sourceMap: true,
  outDir: './dist',
  baseUrl: './',
  incremental: true,
  skipLibCheck: true,
  strictNullChecks: true,
  types: ['jest', 'node'],
}

let server: RedisServer | undefined
let user: InstalledProject

beforeAll(async () => {
  if (findServers().program !== undefined) server = await startRedis()
  else if (process.env['CI'] === 'true') throw new Error('there is no Redis server to test with')
})

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
})

afterEach(() => {
  user?.remove()
})

describe.each(['redis', 'ioredis'])('with %s alone installed', (client) => {
  it('works in Jest with CommonJS', async () => {
    prepare('commonjs', client, 'jest')
    user.write('trial.test.js', commonJs('jest'))
    user.write('jest.config.json', JSON.stringify({ transform: {}, testMatch: ['<rootDir>/*.test.js'] }))

    passes(await run('jest/bin/jest.js', '--config', 'jest.config.json'))
  })

  it('works in Jest with ES modules', async () => {
    prepare('module', client, 'jest')
    user.write('trial.test.js', `const { jest } = import.meta\n${esModule('jest')}`)
    user.write('jest.config.json', JSON.stringify({ transform: {}, testMatch: ['<rootDir>/*.test.js'] }))

    const flags = { NODE_OPTIONS: '--experimental-vm-modules --no-warnings' }
    passes(
      await user.node(['node_modules/jest/bin/jest.js', '--config', 'jest.config.json'], {
        ...env(),
        ...flags,
      }),
    )
  })

  it('works in node:test', async () => {
    prepare('module', client)
    user.write(
      'trial.test.mjs',
      `import { it, mock } from 'node:test'\nimport { expect } from './expect.mjs'\n${esModule('node')}`,
    )
    user.write(
      'trial.test.cjs',
      `const { it, mock } = require('node:test')\nconst { expect } = require('./expect.cjs')\n${commonJs('node')}`,
    )
    const expects = `const expect = (it) => ({ toBe(other) { if (it !== other) throw new Error(String(it)) } })\n`
    user.write('expect.mjs', `${expects}export { expect }`)
    user.write('expect.cjs', `${expects}module.exports = { expect }`)

    passes(await user.node(['--test', 'trial.test.mjs', 'trial.test.cjs'], env()))
  })

  it.each(['threads', 'forks', 'vmThreads', 'vmForks'])('works in Vitest with %s', async (pool) => {
    prepare('module', client, 'vitest')
    user.write('trial.test.mjs', esModule('vitest'))

    passes(await run('vitest/vitest.mjs', 'run', '--globals', '--pool', pool))
  })
})

it('works in ts-jest with the tsconfig of Nest', async () => {
  prepare('commonjs', 'ioredis', 'jest', 'ts-jest', 'typescript', '@types/jest', '@types/node')
  user.write('tsconfig.json', JSON.stringify({ compilerOptions: CLASSIC }))
  user.write(
    'service.ts',
    `import { type BaseCache, createCache, isCacheError, MemoryCache } from 'cachette'
    import { Lock } from 'cachette/lock'
    import { Cached } from 'cachette/memoize'
    export class Service {
      constructor(private readonly cache: BaseCache) {}
      @Cached({ cache: (self: Service) => self.cache, key: 'user:{0}' })
      async find(id: number): Promise<string> { return 'user ' + id }
      isKept(id: number): Promise<boolean> { return this.cache.has('user:' + id) }
      async lock(): Promise<boolean> { return (await new Lock(this.cache, 'a').tryAcquire()) !== undefined }
    }
    export { createCache, isCacheError, MemoryCache }`,
  )
  user.write(
    'service.spec.ts',
    `import { createCache, isCacheError, MemoryCache, Service } from './service'
    it('works', async () => {
      const cache = process.env.TRIAL_URL === undefined ? new MemoryCache() : await createCache({ redis: process.env.TRIAL_URL })
      const service = new Service(cache)
      expect(await service.find(7)).toBe('user 7')
      expect(await service.lock()).toBe(true)
      expect(isCacheError(await cache.get('').catch((error: unknown) => error))).toBe(true)
      await cache.close()
    })
    it('is moved by fake timers', async () => {
      jest.useFakeTimers()
      const service = new Service(new MemoryCache({ ttl: 10 }))
      await service.find(7)
      expect(await service.isKept(7)).toBe(true)
      jest.advanceTimersByTime(11_000)
      expect(await service.isKept(7)).toBe(false)
      jest.useRealTimers()
    })`,
  )
  const transform = { '^.+\\.(t|j)s$': 'ts-jest' }
  user.write(
    'jest.config.json',
    JSON.stringify({ moduleFileExtensions: ['js', 'json', 'ts'], testRegex: '.*\\.spec\\.ts$', transform }),
  )

  passes(await run('jest/bin/jest.js', '--config', 'jest.config.json'))
})

// jsdom has no setImmediate, without which node-redis can't send.
it('works in Jest with jsdom', async () => {
  prepare('commonjs', 'ioredis', 'jest', 'jest-environment-jsdom')
  user.write('trial.test.js', commonJs('jest'))
  const options = { transform: {}, testMatch: ['<rootDir>/*.test.js'], testEnvironment: 'jsdom' }
  user.write('jest.config.json', JSON.stringify(options))

  passes(await run('jest/bin/jest.js', '--config', 'jest.config.json'))
})

it('works in Vitest with jsdom', async () => {
  prepare('module', 'redis', 'vitest', 'jsdom')
  user.write('trial.test.mjs', esModule('vitest'))

  passes(await run('vitest/vitest.mjs', 'run', '--globals', '--environment', 'jsdom'))
})

function prepare(type: 'module' | 'commonjs', ...links: readonly string[]): void {
  user = installPackage(type)
  user.link(...links)
  user.copy('trial.cjs', 'timers.cjs')
  // A package that users install beside, which requires the cache.
  user.write('node_modules/library/package.json', JSON.stringify({ name: 'library', main: 'index.js' }))
  user.write('node_modules/library/index.js', `module.exports = { BaseCache: require('cachette').BaseCache }`)
}

function run(script: string, ...args: readonly string[]): Promise<Printed> {
  return user.node([`node_modules/${script}`, ...args], env())
}

function env(): Readonly<Record<string, string>> {
  return server === undefined ? {} : { TRIAL_URL: server.url }
}

function passes({ status, output, errors }: Printed): void {
  expect(status, `${output}\n${errors}`).toBe(0)
}
