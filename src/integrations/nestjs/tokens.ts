import { Inject, SetMetadata, type ExecutionContext, type InjectionToken } from '@nestjs/common'
import { BaseCache } from '../../cache/base-cache.ts'
import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'

/** The token of the facade for applications of `@nestjs/cache-manager`; the same text as its own. */
export const CACHE_MANAGER = 'CACHE_MANAGER'
/** The names of the metadata of `@CacheKey` and `@CacheTTL`, of this package or of `@nestjs/cache-manager`. */
export const CACHE_KEY_METADATA = 'cache_module:cache_key'
/** See {@link CACHE_KEY_METADATA}. */
export const CACHE_TTL_METADATA = 'cache_module:cache_ttl'

/** The decorator of a class or a method that metadata are kept for. */
export type MetadataDecorator = ReturnType<typeof SetMetadata>

/**
 * Returns the token of a named cache, of `BaseCache` without a name; for `inject` of a factory, and for tests.
 * @throws OptionsError for anything but text.
 */
export function cacheToken(name?: string): InjectionToken<BaseCache> {
  if (name === undefined) return BaseCache
  if (typeof name === 'string' && name !== '') return `CachetteCache(${name})`
  throw new OptionsError(
    `cachette/nestjs: ${inspect(name)} is not the name of a cache; give text such as 'sessions'`,
  )
}

/** Injects the cache of that name; without a name the one for which `BaseCache` is the token. */
export function InjectCache(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(cacheToken(name))
}

/** Sets the key under which `CacheInterceptor` keeps the answer of a method, or the function that returns it. */
export function CacheKey(
  key: string | ((context: ExecutionContext) => string | undefined | Promise<string | undefined>),
): MetadataDecorator {
  return SetMetadata(CACHE_KEY_METADATA, key)
}

/**
 * Sets how many **milliseconds** `CacheInterceptor` keeps the answer of a method or of all methods of a class; 0 = for
 * ever.
 */
export function CacheTTL(
  ttl: number | ((context: ExecutionContext) => number | Promise<number>),
): MetadataDecorator {
  return SetMetadata(CACHE_TTL_METADATA, ttl)
}
