import { describe, expect, it } from 'vitest'
import { parseRedisUrl } from '../../../src/redis/connection/redis-url.ts'
import { thrownBy } from '../../support/error-of.ts'

const PLAIN = { db: 0, tls: false }

describe('parseRedisUrl', () => {
  it.each([
    ['redis://cache', { place: { kind: 'server', address: { host: 'cache', port: 6379 } }, ...PLAIN }],
    ['redis://', { place: { kind: 'server', address: { host: '127.0.0.1', port: 6379 } }, ...PLAIN }],
    [
      'redis://[::1]:7000/3',
      { place: { kind: 'server', address: { host: '::1', port: 7000 } }, db: 3, tls: false },
    ],
    [
      'rediss://app:p%40ss@cache:1?db=2',
      {
        place: { kind: 'server', address: { host: 'cache', port: 1 } },
        username: 'app',
        password: 'p@ss',
        db: 2,
        tls: true,
      },
    ],
    [
      'redis://:with@sign@cache',
      { place: { kind: 'server', address: { host: 'cache', port: 6379 } }, password: 'with@sign', ...PLAIN },
    ],
    [' redis://cache:7\n', { place: { kind: 'server', address: { host: 'cache', port: 7 } }, ...PLAIN }],
    ['unix:/run/redis.sock?db=1', { place: { kind: 'socket', path: '/run/redis.sock' }, db: 1, tls: false }],
    [
      'unix://app:secret@/run/redis.sock',
      { place: { kind: 'socket', path: '/run/redis.sock' }, username: 'app', password: 'secret', ...PLAIN },
    ],
    [
      'redis+sentinel://:secret@one,two:7/primary/4?sentinelPassword=other',
      {
        place: {
          kind: 'sentinel',
          addresses: [
            { host: 'one', port: 26_379 },
            { host: 'two', port: 7 },
          ],
          name: 'primary',
        },
        password: 'secret',
        sentinelPassword: 'other',
        db: 4,
        tls: false,
      },
    ],
    [
      'rediss+cluster://one,two:7',
      {
        place: {
          kind: 'cluster',
          addresses: [
            { host: 'one', port: 6379 },
            { host: 'two', port: 7 },
          ],
        },
        db: 0,
        tls: true,
      },
    ],
  ])('reads %s', (url, target) => {
    expect(parseRedisUrl(url)).toEqual(target)
  })

  it.each([
    ['http://cache', 'is no URL of Redis'],
    ['cache:6379', 'is no URL of Redis'],
    ['', 'is no URL of Redis'],
    ['redis://one,two', 'several hosts'],
    ['redis://cache:99999', 'a port'],
    ['redis://cache:x', 'where a host should be'],
    ['redis://cache/one', 'number of a database'],
    ['redis://%zz@cache', 'not encoded'],
    ['unix:', 'no path'],
    ['redis+sentinel://one,two', 'does not name the master'],
    ['redis+cluster://one,two/1', 'a cluster has only 0'],
    ['redis+cluster://', 'where a host should be'],
  ])('refuses %s', (url, reason) => {
    const error = thrownBy(() => parseRedisUrl(url))

    expect(error).toMatchObject({ code: 'ERR_CACHE_OPTIONS' })
    expect((error as Error).message).toContain(reason)
    expect((error as Error).message).toContain('accepted: redis://')
  })

  it('takes an @ in parameters, where it can be no part of a login', () => {
    expect(parseRedisUrl('redis://app:secret@cache?owner=a@b').unused).toEqual(['owner'])
    expect(parseRedisUrl('redis+sentinel://one/name?sentinelPassword=a@b').sentinelPassword).toBe('a@b')
  })

  it('names the parameters that mean nothing here', () => {
    const { unused, db } = parseRedisUrl(
      'rediss://cache?family=0&protocol=3&db=2&ssl_cert_reqs=none&family=4',
    )
    expect([unused, db]).toEqual([['family', 'protocol', 'ssl_cert_reqs'], 2])
  })

  it.each([
    'redis://app:topsecret@cache/x',
    'redis://:topsecret and more@cache/x',
    'topsecret@cache:6379',
    'redis://cache/topsecret',
    'redis://cache:topsecret',
    'redis://app:top/secret@cache',
    'redis://app:topsecret@one,two',
    'http://app:topsecret@cache',
    'redis+sentinel://one?sentinelPassword=topsecret',
    'redis://:123/topsecret@cache',
    'redis://app:123?topsecret@cache',
    'redis://app:123?top=secret@cache',
    'redis+sentinel://app:123/topsecret@one,two/name',
    'redis+cluster://app:123?topsecret@one,two',
  ])('does not show the password of %s', (url) => {
    expect((thrownBy(() => parseRedisUrl(url)) as Error).message).not.toMatch(/topsecret|top\/secret|top/)
  })
})
