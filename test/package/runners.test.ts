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
const COMMONJS = `${names.map((name, index) => `const ${name} = require('${specifiers[index]}')`).join('\n')}
const trial = require('./trial.cjs')
const library = require('library')
${RUN}`
const ES_MODULE = `${names.map((name, index) => `import * as ${name} from '${specifiers[index]}'`).join('\n')}
import trial from './trial.cjs'
import library from 'library'
${RUN}`

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
    user.write('trial.test.js', COMMONJS)
    user.write('jest.config.json', JSON.stringify({ transform: {}, testMatch: ['<rootDir>/*.test.js'] }))

    passes(await run('jest/bin/jest.js', '--config', 'jest.config.json'))
  })

  it('works in Jest with ES modules', async () => {
    prepare('module', client, 'jest')
    user.write('trial.test.js', ES_MODULE)
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
      `import { it } from 'node:test'\nimport { expect } from './expect.mjs'\n${ES_MODULE}`,
    )
    user.write(
      'trial.test.cjs',
      `const { it } = require('node:test')\n${COMMONJS.replaceAll('expect(', 'require("./expect.cjs").expect(')}`,
    )
    const expects = `const expect = (it) => ({ toBe(other) { if (it !== other) throw new Error(String(it)) } })\n`
    user.write('expect.mjs', `${expects}export { expect }`)
    user.write('expect.cjs', `${expects}module.exports = { expect }`)

    passes(await user.node(['--test', 'trial.test.mjs', 'trial.test.cjs'], env()))
  })

  it.each(['threads', 'forks', 'vmThreads', 'vmForks'])('works in Vitest with %s', async (pool) => {
    prepare('module', client, 'vitest')
    user.write('trial.test.mjs', ES_MODULE)

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
  user.write('trial.test.js', COMMONJS)
  const options = { transform: {}, testMatch: ['<rootDir>/*.test.js'], testEnvironment: 'jsdom' }
  user.write('jest.config.json', JSON.stringify(options))

  passes(await run('jest/bin/jest.js', '--config', 'jest.config.json'))
})

it('works in Vitest with jsdom', async () => {
  prepare('module', 'redis', 'vitest', 'jsdom')
  user.write('trial.test.mjs', ES_MODULE)

  passes(await run('vitest/vitest.mjs', 'run', '--globals', '--environment', 'jsdom'))
})

function prepare(type: 'module' | 'commonjs', ...links: readonly string[]): void {
  user = installPackage(type)
  user.link(...links)
  user.copy('trial.cjs')
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
