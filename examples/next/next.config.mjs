import { join } from 'node:path'

const file = (name) => join(import.meta.dirname, name)

export default {
  cacheComponents: true,
  cacheHandlers: { default: file('cache-handler.mjs'), remote: file('cache-handler.mjs') },
  cacheHandler: file('isr-handler.mjs'),
  cacheMaxMemorySize: 0,
  outputFileTracingRoot: import.meta.dirname,
  turbopack: { root: import.meta.dirname },
}
