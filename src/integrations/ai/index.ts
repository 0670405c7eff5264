export {
  cacheMiddleware,
  type AiCacheOptions,
  type CacheMiddleware,
  type ModelRequest,
} from './middleware.ts'
