// The fake timers of every test runner have to move the installed package: `advance` puts their time forward.
module.exports = async function timers({ cachette, ratelimit }, advance) {
  const cache = new cachette.MemoryCache({ logger: SILENT })
  const limit = { name: 'calls', algorithm: 'fixed-window', limit: 1, window: '1m' }
  const limiter = new ratelimit.RateLimiter(cache, limit)
  await cache.set('short', 1, 10)
  await cache.set('long', 1, 300)
  await cache.set('graced', 1, { ttl: 10, grace: '1h' })
  demand((await limiter.consume('me')).allowed === true, 'the first request is not admitted')
  demand((await limiter.consume('me')).allowed === false, 'the second request is admitted')

  advance(9_000)
  demand((await cache.get('short')) === 1, 'an entry ends before its ttl')
  advance(2_000)
  demand((await cache.get('short')) === undefined, 'an entry outlives its ttl')
  demand((await cache.get('graced')) === undefined, 'a stale entry is answered')
  demand((await cache.get('graced', { stale: true })) === 1, 'a grace is not kept')

  let start = () => {}
  const started = new Promise((resolve) => (start = () => resolve(undefined)))
  const hang = () => {
    start()
    return new Promise(() => {})
  }
  const failure = cache.getOrSet('slow', hang, { hardTimeout: 5 }).catch(({ code }) => code)
  await started
  advance(5_000)
  demand((await failure) === 'ERR_CACHE_LOADER_TIMEOUT', 'a load outlives its time limit')

  advance(60_000)
  demand((await limiter.consume('me')).allowed === true, 'a window does not end')
  demand((await cache.get('long')) === 1, 'an entry ends early')
  await cache.close()
  return 'all is moved'
}

const SILENT = { warn() {}, error() {}, info() {} }

function demand(condition, problem) {
  if (!condition) throw new Error(problem)
}
