import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { loadLibrary } from '../../../src/redis/libraries/load.ts'
import { poolSize, targetOf, type ConnectionOptions } from '../../../src/redis/connection/options.ts'
import type { UsersClient } from '../../../src/redis/connection/users-client.ts'
import { thrownBy } from '../../support/error-of.ts'
import { IMPORTS } from './libraries.ts'

const CLIENT = {} as UsersClient

describe('targetOf', () => {
  it('is where host and port say, and by default on this machine', () => {
    expect(targetOf({})?.place).toEqual({ kind: 'server', address: { host: '127.0.0.1', port: 6379 } })
    expect(targetOf({ host: 'cache', port: 1, db: 2, tls: true })).toMatchObject({
      place: { kind: 'server', address: { host: 'cache', port: 1 } },
      db: 2,
      tls: true,
    })
  })

  it('takes what is given beside the URL', () => {
    const options = {
      url: 'redis://old:old@cache/1',
      username: 'new',
      password: 'other',
      db: 3,
      tls: { ca: 'ca' },
    }

    expect(targetOf(options)).toMatchObject({ username: 'new', password: 'other', db: 3, tls: { ca: 'ca' } })
  })

  it('is nowhere when there is a client', () => {
    expect(targetOf({ client: CLIENT })).toBeUndefined()
  })

  it.each([
    [{ port: 0 }, 'port: 0'],
    [{ port: 1.5 }, 'port: 1.5'],
    [{ db: -1 }, 'db: -1'],
    [{ host: '' }, 'host: it is empty'],
    [{ password: 5 as never }, 'password: a number is not text'],
    [{ tls: 'yes' as never }, 'tls: a string'],
    [{ connect: 'later' as never }, "connect: 'later'"],
    [{ url: 'redis://cache', port: 1 }, 'url: it names host and port'],
    [{ url: 'redis+cluster://cache', db: 1 }, 'a cluster has only database 0'],
    [{ client: CLIENT, url: 'redis://cache', password: 'topsecret' }, "url, password can't be given with it"],
  ] satisfies [ConnectionOptions, string][])('refuses %j', (options, reason) => {
    const error = thrownBy(() => targetOf(options)) as Error

    expect(error).toMatchObject({ code: 'ERR_CACHE_OPTIONS' })
    expect(error.message).toContain(reason)
    expect(error.message).not.toContain('topsecret')
  })
})

describe('poolSize', () => {
  it('is one by default', () => {
    expect(poolSize({})).toBe(1)
    expect(poolSize({ pool: 4 })).toBe(4)
  })

  it.each([0, 1.5, 101, NaN])('refuses %s', (size) => {
    expect(() => poolSize({ pool: size })).toThrow('pool: ')
  })
})

describe('loadLibrary', () => {
  it.each(Object.keys(IMPORTS))('finds %s', async (library) => {
    expect((await loadLibrary(IMPORTS[library])).kind).toBe(library.slice(0, -2))
  })

  it('prefers node-redis', async () => {
    expect((await loadLibrary()).kind).toBe('node-redis')
  })

  it('reads that a package is missing by its code, whatever realm the error comes from', async () => {
    const missing: unknown = runInNewContext(`Object.assign(new Error('none'), { code: 'MODULE_NOT_FOUND' })`)
    const other = (name: string): Promise<unknown> =>
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- it is an error, of another realm
      name === 'ioredis' ? import('ioredis') : Promise.reject(missing)

    expect((await loadLibrary(other)).kind).toBe('ioredis')
  })

  it('says what to install when there is none', async () => {
    const none = (name: string): Promise<unknown> =>
      Promise.reject(Object.assign(new Error(name), { code: 'ERR_MODULE_NOT_FOUND' }))

    await expect(loadLibrary(none)).rejects.toThrow('npm install redis')
    await expect(loadLibrary(none)).rejects.toThrow('bundle')
  })

  it('names a release that is not supported', async () => {
    const old = async (): Promise<unknown> => ({ createClient() {} })

    await expect(loadLibrary(old)).rejects.toThrow(
      'except for another release of redis, @redis/client, ioredis',
    )
  })

  it('finds a library whose exports are in its default alone, as some bundlers have it', async () => {
    const bundled = async (): Promise<unknown> => ({ default: await import('ioredis') })

    expect((await loadLibrary(bundled)).kind).toBe('ioredis')
  })

  it('passes over a release that lacks something, and shows what is broken', async () => {
    const old = async (name: string): Promise<unknown> =>
      name === 'ioredis' ? import('ioredis') : { createClient() {} }
    const broken = (): Promise<unknown> => Promise.reject(new SyntaxError('broken'))

    expect((await loadLibrary(old)).kind).toBe('ioredis')
    await expect(loadLibrary(broken)).rejects.toThrow('broken')
  })
})
