import node from '@astrojs/node'
import { defineConfig } from 'astro/config'

export default defineConfig({
  output: 'server',
  adapter: node({ mode: 'standalone' }),
  // The hosts of the site. Without them a page belongs to `localhost` and the port of its process.
  security: { allowedDomains: [{ hostname: 'site.test' }] },
  cache: { provider: { name: 'cachette', entrypoint: './src/cache.mjs' } },
})
