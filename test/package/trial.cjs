// What every test runner and every bundle has to be able to do with the installed package.
module.exports = async function trial(modules, url) {
  const { cachette, lock, memoize, memory, ratelimit, redis, scope, serialization, testing } = modules
  const { BaseCache, MemoryCache, createCache, isCacheError, KeyError, OptionsError } = cachette

  const cache = new MemoryCache({ logger: SILENT })
  const value = {
    date: new Date(0),
    map: new Map([['a', 1n]]),
    set: new Set([1]),
    bytes: Buffer.from('bytes'),
    view: new Uint8Array([1, 2]),
    url: new URL('http://localhost/'),
    error: new RangeError('away'),
    pattern: /a/g,
  }
  demand((await cache.set('value', value)) === true, 'a value of many kinds is not stored')
  const got = await cache.get('value')
  demand(got !== undefined && got !== value, 'it is not copied')
  demand(got.date.getTime() === 0 && got.map.get('a') === 1n && got.set.has(1), 'it is not what it was')
  demand(
    String(got.bytes) === 'bytes' && got.view[1] === 2 && got.url.host === 'localhost',
    'its bytes differ',
  )
  demand(got.error.message === 'away' && got.pattern.global, 'its error differs')

  const unstorable = await cache.set('function', { run() {} })
  demand(unstorable === false, 'a function is stored')
  let loads = 0
  const load = async () => ++loads
  const [one, other] = await Promise.all([cache.getOrSet('n', load), cache.getOrSet('n', load)])
  demand(one === 1 && other === 1 && loads === 1, 'a load is not shared')
  demand((await cache.explain('n')) !== undefined, 'explain answers nothing')

  const refused = await cache.get('').catch((error) => error)
  demand(refused instanceof KeyError && isCacheError(refused), 'an error is not recognised')
  const mistaken = await createCache({ tll: 1 }).catch((error) => error)
  demand(
    mistaken instanceof OptionsError && mistaken.code === 'ERR_CACHE_OPTIONS',
    'a mistake is not refused',
  )

  for (const Class of [MemoryCache, redis.RedisCache, testing.MockCache, testing.NullCache])
    demand(Class.prototype instanceof BaseCache, 'a class of another entry point has another base')
  demand(memory.MemoryCache === MemoryCache, 'an entry point has a class of its own')
  demand(new memory.BoundedMap({ maxEntries: 2 }).size === 0, 'a map is not made')
  demand(
    typeof scope.requestScope === 'function' && typeof serialization.WireFormat === 'function',
    'parts are missing',
  )
  const find = memoize.memoize(async (id) => id * 2, { cache, name: 'double' })
  demand((await find(4)) === 8 && (await find(4)) === 8, 'a function is not memoized')

  if (url !== undefined)
    await onServer(await createCache({ redis: url, prefix: 'trial:', connect: 'required', logger: SILENT }))
  await onServer(new MemoryCache())
  await cache.close()
  return 'all is well'

  async function onServer(shared) {
    demand(shared instanceof BaseCache, 'the cache is no BaseCache')
    await shared.set('user', { since: new Date(0), n: 1n }, { tags: ['users'], ttl: '1m' })
    const user = await shared.get('user')
    demand(user?.since.getTime() === 0 && user.n === 1n, 'the server has another value')
    await shared.invalidateTag('users')
    demand((await shared.get('user')) === undefined, 'an invalidated value is answered')
    const fence = await lock.withLock(shared, 'work', ({ fence }) => fence)
    demand(typeof fence === 'number', 'a lock is not acquired')
    const limiter = new ratelimit.RateLimiter(shared, { name: 'api', limit: 5, window: '1m' })
    demand((await limiter.consume('me')).allowed === true, 'a request is not admitted')
    await shared.clear()
    await shared.close()
  }
}

const SILENT = { warn() {}, error() {}, info() {} }

function demand(condition, problem) {
  if (!condition) throw new Error(problem)
}
