import express from 'express'
import { createCache } from 'cachette'
import { rateLimit, responseCache } from 'cachette/express'
import { RateLimiter } from 'cachette/ratelimit'
import { database } from '../shop/articles.mjs'

const cache = await createCache({ prefix: 'shop:', ttl: '10m' })
const app = express()

app.use(rateLimit(new RateLimiter(cache, { name: 'visits', limit: 20, window: '1m' })))
app.use(responseCache(cache))

app.get('/articles/:id', (request, response) => {
  const article = database.find(Number(request.params.id))
  if (article === undefined) return response.status(404).json({ error: 'there is no such article' })
  return response
    .set('Cache-Control', 'public, max-age=60, stale-while-revalidate=600')
    .set('Cache-Tag', `article:${article.id}`)
    .json(article)
})

app.put('/articles/:id/price/:price', async (request, response) => {
  const { id, price } = request.params
  database.setPrice(Number(id), Number(price))
  await cache.invalidateTag(`article:${id}`)
  response.status(204).end()
})

app.get('/status', async (_request, response) => {
  response.set('Cache-Control', 'no-store').json({ ...(await cache.health()), questions: database.questions })
})

const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on http://localhost:${server.address().port}`)
})
process.once('SIGTERM', async () => {
  server.close()
  await cache.close()
})
