export { BoundedMap, type BoundedMapOptions, type RemovalCause } from './bounded-map.ts'
export { MemoryCache, type MemoryCacheOptions } from './memory-cache.ts'
