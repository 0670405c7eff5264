import { fastify } from 'fastify'
import { createCache } from 'cachette'
import { rateLimit, responseCache } from 'cachette/fastify'
import { RateLimiter } from 'cachette/ratelimit'
import { database } from '../shop/articles.mjs'

const cache = await createCache({ prefix: 'shop:', ttl: '10m' })
const app = fastify()

app.addHook('onRequest', rateLimit(new RateLimiter(cache, { name: 'visits', limit: 20, window: '1m' })))
app.addHook('onRequest', responseCache(cache))
app.addHook('onClose', async () => cache.close())

app.get('/articles/:id', async (request, reply) => {
  const article = database.find(Number(request.params.id))
  if (article === undefined) return reply.code(404).send({ error: 'there is no such article' })
  return reply
    .header('Cache-Control', 'public, max-age=60, stale-while-revalidate=600')
    .header('Cache-Tag', `article:${article.id}`)
    .send(article)
})

app.put('/articles/:id/price/:price', async (request, reply) => {
  const { id, price } = request.params
  database.setPrice(Number(id), Number(price))
  await cache.invalidateTag(`article:${id}`)
  return reply.code(204).send()
})

app.get('/status', async (_request, reply) =>
  reply
    .header('Cache-Control', 'no-store')
    .send({ ...(await cache.health()), questions: database.questions }),
)

await app.listen({ port: Number(process.env.PORT ?? 3000) })
console.log(`listening on http://localhost:${app.server.address().port}`)
process.once('SIGTERM', async () => app.close())
