export { cacheProvider } from './provider.ts'
export type { AstroCacheProvider, AstroInvalidation, AstroRequest } from './provider.ts'
export type { ResponseCacheOptions } from '../http/options.ts'
