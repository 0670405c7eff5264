// Use of the command line without a server: help, wrong input, a server that is away.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { freePort } from '../../real/servers/ports.ts'
import { cachette } from './cli.ts'

const COMMANDS = [
  'doctor',
  'keys',
  'get',
  'inspect',
  'delete',
  'invalidate',
  'stats',
  'top',
  'tail',
  'simulate',
]
const ASKING = COMMANDS.filter((name) => name !== 'simulate')
/** A command with the arguments that it needs. */
const COMPLETE: Readonly<Record<string, readonly string[]>> = {
  get: ['user:7'],
  inspect: ['user:7'],
  delete: ['user:7'],
  invalidate: ['--tag', 'team:1', '--yes'],
}

describe('help', () => {
  it('lists every command', async () => {
    const { exit, out } = await cachette(['--help'])

    expect(exit).toBe(0)
    for (const name of COMMANDS) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'))
  })

  it.each(COMMANDS)('of %s has an example', async (name) => {
    const { exit, out } = await cachette([name, '--help'])

    expect(exit).toBe(0)
    expect(out).toContain(`\nExample:\n  $ npx cachette ${name}`)
  })

  it('is printed without arguments, which is no use of the program', async () => {
    expect(await cachette([])).toMatchObject({ exit: 2, out: expect.stringContaining('Usage: cachette') })
  })

  it('tells the version', async () => {
    expect(await cachette(['--version'])).toMatchObject({ exit: 0, out: '1.2.3\n' })
  })
})

describe('wrong input', () => {
  it.each([
    [['kyes'], "cachette: unknown command 'kyes' (Did you mean keys?)\n"],
    [['keys', '--lmit', '3'], "cachette: unknown option '--lmit' (Did you mean --limit?)\n"],
    [
      ['keys', '--limit', '0'],
      "cachette: option '-n, --limit <number>' argument '0' is invalid. A whole number from 1.\n",
    ],
    [
      ['keys', '--sort', 'age'],
      "cachette: option '-s, --sort <order>' argument 'age' is invalid. Allowed choices are key, ttl, size.\n",
    ],
    [['get'], "cachette: missing required argument 'key'\n"],
    [
      ['invalidate'],
      'cachette: one of --tag, --prefix-of-keys, --namespace and --all is needed, and only one of them\n',
    ],
    [
      ['invalidate', '--tag', 'a', '--all'],
      'cachette: one of --tag, --prefix-of-keys, --namespace and --all is needed, and only one of them\n',
    ],
    ...['', 'a:', ':a', 'a::b'].map((name): [string[], string] => [
      ['invalidate', '--namespace', name, '--yes'],
      'cachette: --namespace must be a name, or several as a:b\n',
    ]),
    [['invalidate', '--all'], 'cachette: without a terminal to ask on, --yes is needed\n'],
    [['keys', '--prefix', 'a{b'], "cachette: --prefix must not contain { or }: 'a{b'\n"],
  ])('%j gets one clear line and exit code 2', async (argv, err) => {
    expect(await cachette(argv)).toMatchObject({ exit: 2, out: '', err })
  })

  it('never shows a password', async () => {
    const { exit, err } = await cachette(['keys', '--url', 'http://user:hunter2@host'])

    expect(exit).toBe(2)
    expect(err).toMatch(/^cachette: url: .*redis:\/\/.*\n$/)
    expect(err).not.toContain('hunter2')
  })
})

describe('a server that is none of Redis', () => {
  it('is named as such', async () => {
    const web = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')
    await once(web, 'listening')
    const { port } = web.address() as AddressInfo
    const { exit, err } = await cachette(['keys', '--url', `redis://127.0.0.1:${port}`, '--timeout', '60'])
    web.close()
    expect(exit).toBe(3)
    expect(err).toMatch(
      /^cachette: can't connect to 127\.0\.0\.1:\d+: what answers there is not Redis \(.+\)\n$/,
    )
  })
})

describe('a server that is away', () => {
  it.each(ASKING)('gives one line and exit code 3 to %s', async (name) => {
    const port = await freePort()
    const url = `redis://user:hunter2@127.0.0.1:${port}`

    const ran = await cachette([name, ...(COMPLETE[name] ?? []), '--url', url, '--timeout', '60'])

    expect(ran).toMatchObject({ exit: 3, out: '' })
    expect(ran.err).toBe(
      `cachette: can't connect to 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}\n`,
    )
  })
})
