export { BaseCache } from './cache/base-cache.ts'
export type { Entries, EntryTuple, LoadedMany } from './cache/entries.ts'
export type { KeyInvalidation, TagInvalidation } from './cache/invalidator.ts'
export type { Absent, Loaded, Loader, ManyLoader } from './cache/loader.ts'
export type { Grace, Primitives, Slot } from './in-process/primitives.ts'
export { storeFrom, type StoreFromOptions } from './cache/store-from.ts'
export type { Awaitable, Wrappable, Wrapped, WrapKey, WrapOptions } from './cache/wrap.ts'
export type { SetManyResult, SetResult } from './cache/writer.ts'
export type { AtomicStep, AtomicSteps, AtomicStore, StateKey } from './core/atomic-store.ts'
export type { Clock, Random, TimerHandle, Timers } from './core/time/clock.ts'
export type { CacheStats, Evictions, Expirations, StaleServed, StoreStats } from './core/counters.ts'
export type { Duration, DurationParts, InstantLike } from './options/durations.ts'
export { CacheError, isCacheError, type CacheErrorCode } from './core/errors.ts'
export { ClosedError, KeyError, OptionsError, SerializationError } from './core/errors.ts'
export { LoadCooldownError, LoaderTimeoutError, RecursiveLoadError } from './core/errors.ts'
export { LockBusyError, LockLostError, RateLimitError } from './core/errors.ts'
export { StoreTimeoutError, StoreUnavailableError, type StoreErrorReason } from './core/errors.ts'
export type { Explanation, TierExplanation, WorkExplanation } from './core/explanation.ts'
export { key, type KeyBuilder, type KeyPart } from './keys/key-builder.ts'
export { consoleLogger, silentLogger, type Logger } from './core/logging/logger.ts'
export type { CounterOptions, EntryOptions, GetOrSetOptions, LoadOptions } from './options/entry-options.ts'
export type { ReadOptions, SetOptions, WaitOptions } from './options/entry-options.ts'
export type { CacheOptions, NamespaceMode, NamespaceOptions } from './options/options.ts'
export type { MaybePromise } from './core/promise.ts'
export type {
  Admitted,
  EntrySettings,
  Found,
  Op,
  OpResult,
  Reading,
  Store,
  Stored,
  Tier,
} from './core/store.ts'
export type { AcquireOptions, Acquired, Cooldown, Fill, Lease } from './core/store.ts'
export type { InvalidateOptions, Invalidated, Invalidation, InvalidationOutcome } from './core/store.ts'
export type { Serializer } from './core/serializer.ts'
export type { Labels } from './in-process/tag-table.ts'
export { mergeTokens } from './core/token.ts'
export type { LoadContext, NotModified } from './loading/load-context.ts'
export type { OnError } from './core/logging/trouble.ts'
export { createCache, getRedisCache, type CreateCacheOptions } from './create-cache.ts'
export { MemoryCache, type MemoryCacheOptions } from './memory/memory-cache.ts'
export { TieredCache, type TieredCacheOptions } from './tiered/tiered-cache.ts'
export type { Isolation, IsolationOptions } from './serialization/isolation.ts'
export { register, TypeRegistry } from './serialization/json/registry.ts'
export type { ClassCodec, RegisteredClass, StorableClass } from './serialization/json/registry.ts'
export type { ValueOptions } from './serialization/json/rules.ts'
