import { createCache } from 'cachette'
import { cacheProvider } from 'cachette/astro'

const cache = await createCache({ prefix: 'pages:' })

export default () => cacheProvider(cache)
