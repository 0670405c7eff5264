import { serve } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { createCache } from 'cachette'
import { rateLimit, responseCache } from 'cachette/hono'
import { ipKey, RateLimiter } from 'cachette/ratelimit'
import { Hono } from 'hono'
import { database } from '../shop/articles.mjs'

const cache = await createCache({ prefix: 'shop:', ttl: '10m' })
const app = new Hono()

const limiter = new RateLimiter(cache, { name: 'visits', limit: 20, window: '1m' })
// Behind a proxy take the address that the proxy adds. Clients can write the rest of `X-Forwarded-For` themselves.
app.use(rateLimit(limiter, { key: (c) => ipKey(getConnInfo(c).remote.address) }))
app.use(responseCache(cache, { app }))

app.get('/articles/:id', (c) => {
  const article = database.find(Number(c.req.param('id')))
  if (article === undefined) return c.json({ error: 'there is no such article' }, 404)
  c.header('Cache-Control', 'public, max-age=60, stale-while-revalidate=600')
  c.header('Cache-Tag', `article:${article.id}`)
  return c.json(article)
})

app.put('/articles/:id/price/:price', async (c) => {
  const { id, price } = c.req.param()
  database.setPrice(Number(id), Number(price))
  await cache.invalidateTag(`article:${id}`)
  return c.body(null, 204)
})

app.get('/status', async (c) => {
  c.header('Cache-Control', 'no-store')
  return c.json({ ...(await cache.health()), questions: database.questions })
})

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  console.log(`listening on http://localhost:${port}`)
})
process.once('SIGTERM', async () => {
  server.close()
  await cache.close()
})
