export {
  BoundedMap,
  type BoundedMapOptions,
  type BoundedMapStats,
  type RemovalCause,
  type SetOptions,
} from './bounded-map.ts'
export { MemoryCache, type MemoryCacheOptions } from './memory-cache.ts'
