export { ResponseCache } from './response-cache.ts'
export type { ResponseCacheOptions, TagHeader } from './options.ts'
export type { Handler, Host } from './visit.ts'
export type { Head } from './stored-response.ts'
