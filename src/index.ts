export { BaseCache } from './cache/base-cache.ts'
export type { Entries, EntryTuple, LoadedMany } from './cache/entries.ts'
export type { Absent, LoadContext, Loaded, Loader, ManyLoader } from './cache/loader.ts'
export { storeFrom, type Primitives, type Slot, type StoreFromOptions } from './cache/store-from.ts'
export type { Clock, Random, TimerHandle, Timers } from './core/clock.ts'
export type { CacheStats, Evictions, Expirations, StoreStats } from './core/counters.ts'
export type { Duration, DurationParts, InstantLike } from './core/duration.ts'
export {
  CacheError,
  ClosedError,
  KeyError,
  OptionsError,
  RecursiveLoadError,
  SerializationError,
  StoreTimeoutError,
  StoreUnavailableError,
  isCacheError,
  type CacheErrorCode,
  type StoreErrorReason,
} from './core/errors.ts'
export type { Explanation, TierExplanation, WorkExplanation } from './core/explanation.ts'
export { key, type KeyBuilder, type KeyPart } from './core/key-builder.ts'
export { consoleLogger, silentLogger, type Logger } from './core/logger.ts'
export type {
  CacheOptions,
  GetOrSetOptions,
  NamespaceMode,
  NamespaceOptions,
  ReadOptions,
  SetOptions,
} from './core/options.ts'
export type { MaybePromise } from './core/promise.ts'
export type {
  Acquired,
  Admitted,
  EntrySettings,
  Fill,
  Found,
  Invalidated,
  Invalidation,
  InvalidationOutcome,
  Lease,
  Op,
  OpResult,
  Reading,
  Store,
  Stored,
} from './core/store.ts'
export type { Serializer } from './core/serializer.ts'
export type { Labels } from './core/tag-table.ts'
export { mergeTokens } from './core/token.ts'
export type { OnError } from './core/trouble.ts'
export { createCache, getRedisCache, type CreateCacheOptions } from './create-cache.ts'
export { MemoryCache, type MemoryCacheOptions } from './memory/memory-cache.ts'
export { TieredCache, type TieredCacheOptions } from './tiered/tiered-cache.ts'
export type { Isolation, IsolationOptions } from './serialization/isolation.ts'
export {
  register,
  TypeRegistry,
  type ClassCodec,
  type RegisteredClass,
  type StorableClass,
} from './serialization/registry.ts'
export type { ValueOptions } from './serialization/rules.ts'
