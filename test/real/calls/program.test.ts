// Every command of the program, as a process, in a pipe and in a pseudo-terminal.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { silentLogger } from 'cachette'
import { RedisCache } from 'cachette/redis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { Program, type Ended, type Place } from '../../support/program.ts'
import { until } from '../../support/until.ts'
import { describeWithServers, FaultProxy, startRedis, type RedisServer } from '../servers/index.ts'
import { freePort } from '../servers/ports.ts'

const PREFIX = 'shop:'
const TRACE = join(import.meta.dirname, '../../../examples/city-guide.trace')

/** The uses of a command. */
interface Uses {
  /** Arguments with which it works. Absent for `tail`, which ends only with an announcement. */
  readonly works?: readonly string[]
  /** A part of what it prints then. */
  readonly prints?: RegExp
  /** Arguments that are wrong, and the line that says so. */
  readonly wrong: readonly [argv: readonly string[], line: RegExp]
  /** Arguments to which the answer is no. */
  readonly no?: readonly string[]
}

const COMMANDS: Readonly<Record<string, Uses>> = {
  doctor: { works: [], prints: /round trip: /, wrong: [['--timeout', '0'], /A number of seconds above 0/] },
  keys: {
    works: ['user:', '--sort', 'size'],
    prints: /user:7/,
    wrong: [['--sort', 'age'], /Allowed choices are key, ttl, size/],
  },
  get: { works: ['user:7'], prints: /Ada/, wrong: [[], /missing required argument 'key'/], no: ['user:8'] },
  inspect: {
    works: ['user:7'],
    prints: /fresh: a read gets it/,
    wrong: [['user:7', 'user:8'], /too many arguments/],
    no: ['user:8'],
  },
  delete: {
    works: ['user:7', '--dry-run'],
    prints: /would delete user:7/,
    wrong: [[], /missing required argument 'keys'/],
    no: ['user:8'],
  },
  invalidate: {
    works: ['--tag', 'team:3', '--yes'],
    prints: /invalidated team:3/,
    wrong: [['--tag', 'a', '--all', '--yes'], /only one of them/],
    no: ['--prefix-of-keys', 'nobody:', '--dry-run'],
  },
  stats: {
    works: ['--watch', '1', '--times', '1'],
    prints: /names in the database/,
    wrong: [['--times', 'x'], /A whole number from 1/],
  },
  top: { works: ['--limit', '3'], prints: /user:\{id\}/, wrong: [['--lmit', '3'], /Did you mean --limit\?/] },
  tail: { wrong: [['--limit', '-1'], /A whole number from 1/] },
  simulate: {
    works: [TRACE, '--sizes', '50,100'],
    prints: /100\s.*Cachette/,
    wrong: [['no.trace'], /the file 'no.trace' can't be read: ENOENT/],
  },
}
const NAMES = Object.keys(COMMANDS)
const ASKING = NAMES.filter((name) => name !== 'simulate')
/** Arguments with which a command begins its work. */
const beginning = (name: string): readonly string[] => COMMANDS[name]!.works ?? []

describeWithServers('the program', () => {
  let server: RedisServer
  let program: Program

  beforeAll(async () => {
    server = await startRedis()
    program = new Program()
  })
  afterAll(async () => {
    await server.close()
  })

  describe.each<Place>(['pipe', 'terminal'])('in a %s', (place) => {
    const run = async (...argv: readonly string[]): Promise<Ended> => program.start(place, argv).ended
    const at = (name: string, argv: readonly string[], url = server.url): readonly string[] => [
      name,
      ...argv,
      ...(name === 'simulate' ? [] : ['--prefix', PREFIX, '--url', url]),
    ]

    const expectLine = ({ out, err }: Ended, line: RegExp): void => {
      const [text, nothing] = place === 'pipe' ? [err, out] : [out, err]
      expect(nothing).toBe('')
      expect(text).toMatch(/^cachette: [^\n]+\n$/)
      expect(text).toMatch(line)
    }

    it('has no command beside those of this test', async () => {
      const { out } = await run('--help')
      const listed = [...out.matchAll(/^ {2}([a-z]+) .*/gm)].map(([, name]) => name!)
      expect(listed.filter((name) => name !== 'help').toSorted()).toEqual(NAMES.toSorted())
    })

    it.each(NAMES)('shows an example of %s', async (name) => {
      const { exit, out } = await run(name, '--help')
      expect(exit).toBe(0)
      expect(out).toContain(`\nExample:\n  $ npx cachette ${name}`)
    })

    it.each(NAMES.filter((name) => COMMANDS[name]!.works !== undefined))(
      'does the work of %s',
      async (name) => {
        const cache = await RedisCache.create({
          url: server.url,
          prefix: PREFIX,
          ttl: '1h',
          logger: silentLogger,
        })
        onTestFinished(async () => cache.close())
        await cache.set('user:7', 'Ada', { tags: ['team:3'] })

        const { exit, out } = await run(...at(name, beginning(name)))

        expect(exit).toBe(0)
        expect(out).toMatch(COMMANDS[name]!.prints!)
        expect(out.includes('│')).toBe(
          place === 'terminal' && !['doctor', 'get', 'delete', 'invalidate'].includes(name),
        )
      },
    )

    it.each(NAMES)('refuses wrong input to %s by one line and 2', async (name) => {
      const [argv, line] = COMMANDS[name]!.wrong
      const ended = await run(...at(name, argv))
      expect(ended.exit).toBe(2)
      expectLine(ended, line)
    })

    it.each(ASKING)('tells by one line and 3 that %s finds no server', async (name) => {
      const port = await freePort()
      const ended = await run(
        ...at(name, [...beginning(name), '--timeout', '60'], `redis://user:hunter2@127.0.0.1:${port}`),
      )
      expect(ended.exit).toBe(3)
      expectLine(ended, new RegExp(`can't connect to 127.0.0.1:${port}: connect ECONNREFUSED`))
      expect(ended.out + ended.err).not.toContain('hunter2')
    })

    it.each(NAMES.filter((name) => COMMANDS[name]!.no !== undefined))(
      'ends with 1 if the answer of %s is no',
      async (name) => {
        await server.command('FLUSHALL')
        expect((await run(...at(name, COMMANDS[name]!.no!))).exit).toBe(1)
      },
    )

    it.each(ASKING)('ends with 130 if %s is interrupted while a server is silent', async (name) => {
      await using proxy = new FaultProxy({ port: server.port })
      await proxy.listen()
      proxy.mode = { kind: 'black-hole' }
      const running = program.start(place, at(name, [...beginning(name), '--timeout', '60'], proxy.url))
      await until('a connection', () => proxy.connections > 0)
      running.interrupt()
      expect((await running.ended).exit).toBe(130)
    })

    it.each(ASKING)('gives up a silent server after --timeout: %s', async (name) => {
      await using proxy = new FaultProxy({ port: server.port })
      await proxy.listen()
      proxy.mode = { kind: 'black-hole' }
      const ended = await run(...at(name, [...beginning(name), '--timeout', '0.2'], proxy.url))
      expect(ended.exit).toBe(3)
      expectLine(ended, /no answer within 0\.2 s/)
    })
  })

  it.each([
    ['Ctrl+C', '\u0003', 130, ''],
    ['the end of the input', '\u0004', 1, 'cachette: nothing was changed'],
    ['no', 'n\r', 1, 'cachette: nothing was changed'],
    ['yes', 'y\r', 0, 'removed all keys'],
  ])('ends a question by %s', async (_, typed, exit, says) => {
    const running = program.start('terminal', [
      'invalidate',
      '--all',
      '--prefix',
      PREFIX,
      '--url',
      server.url,
    ])
    await running.until(/Invalidate all keys .* \[y\/N\] /)
    running.type(typed)
    const ended = await running.ended

    expect(ended.exit).toBe(exit)
    expect(ended.out).toContain(says)
  })

  it('ends in silence if nobody reads its notes any more', async () => {
    const argv = [program.file, 'keys', '--prefix', 'nobody:', '--url', server.url]
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'] })
    child.stderr.destroy()

    expect(await once(child, 'close')).toEqual([0, null])
  })

  it('draws a picture of a trace', async () => {
    const file = join(import.meta.dirname, `../../../.cache/trace-${process.pid}.svg`)
    onTestFinished(async () => rm(file, { force: true }))
    const { exit, err } = await program.start('pipe', ['simulate', TRACE, '--svg', file]).ended
    expect(exit).toBe(0)
    expect(err).toContain(`The picture is in ${file}.`)
  })
})
