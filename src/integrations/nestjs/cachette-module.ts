import type {
  DynamicModule,
  InjectionToken,
  ModuleMetadata,
  OptionalFactoryDependency,
  Provider,
  Type,
} from '@nestjs/common'
import { BaseCache } from '../../cache/base-cache.ts'
import { OptionsError } from '../../core/errors.ts'
import { checkMethods, checkReadable } from '../../options/checks.ts'
import { inspect } from '../../core/logging/inspect.ts'
import type { MaybePromise } from '../../core/promise.ts'
import type { CreateCacheOptions } from '../../create-cache.ts'
import type { NamespaceOptions } from '../../options/options.ts'
import { checkOptions } from '../../options/options.ts'
import { Cache } from './cache-manager.ts'
import { CacheHealthIndicator } from './health.ts'
import { noteRunning } from './injected.ts'
import { openCache } from './open-cache.ts'
import { ThrottlerStorage } from './throttler.ts'
import { CACHE_MANAGER, cacheToken } from './tokens.ts'

/** A cache of yours, which stays yours, or the options of `createCache`. */
export type CachetteOptions =
  | (CreateCacheOptions & { readonly cache?: undefined })
  | {
      /** The cache. It is not closed with the application. */
      readonly cache: BaseCache
    }

/** Options of the module itself. */
export interface CachetteModuleOptions {
  /** The name of the cache for `@InjectCache`; default: none, so that `BaseCache` is its token. */
  readonly as?: string | undefined
  /** Whether all modules of the application see the cache; default `true`. */
  readonly isGlobal?: boolean | undefined
}

/** A class that makes the options. */
export interface CachetteOptionsFactory {
  /** Returns the options. */
  createCachetteOptions(): MaybePromise<CachetteOptions>
}

/** Options of {@link CachetteModule.forRootAsync}: one of `useFactory`, `useClass` and `useExisting`. */
export interface CachetteAsyncOptions extends CachetteModuleOptions, Pick<ModuleMetadata, 'imports'> {
  /** Returns the options, from what `inject` names. */
  // The types of the parameters are those of the injected values, which only the caller knows.
  readonly useFactory?: ((...args: never[]) => MaybePromise<CachetteOptions>) | undefined
  /** The tokens of the arguments of `useFactory`. */
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[] | undefined
  /** A class that Nest makes an object of. */
  readonly useClass?: Type<CachetteOptionsFactory> | undefined
  /** The token of such an object. */
  readonly useExisting?: InjectionToken<CachetteOptionsFactory> | undefined
}

const OF_MODULE = ['as', 'isGlobal']
const ASYNC = [...OF_MODULE, 'imports', 'inject', 'useFactory', 'useClass', 'useExisting']

/** The module of a cache. */
// Nest takes modules by their class.
// oxlint-disable-next-line typescript/no-extraneous-class
export class CachetteModule {
  /**
   * Makes the cache of the application, from the options of `createCache` or a cache of yours.
   * @throws OptionsError for wrong options; others are refused when the application starts.
   */
  static forRoot(options: CachetteOptions & CachetteModuleOptions = {}): DynamicModule {
    checkReadable(options, 'CachetteModule.forRoot')
    const { as, isGlobal, ...rest } = options
    return root({ as, isGlobal }, { useFactory: () => rest })
  }

  /** Does what {@link CachetteModule.forRoot} does, with options that Nest injects what they need into. */
  static forRootAsync(options: CachetteAsyncOptions): DynamicModule {
    checkReadable(options, 'CachetteModule.forRootAsync')
    checkOptions(options, ASYNC, 'CachetteModule.forRootAsync')
    const { useFactory, inject = [], useClass, useExisting, imports = [] } = options
    if (useFactory !== undefined) return root(options, { useFactory, inject }, imports)
    const maker = useExisting ?? useClass
    if (maker === undefined)
      throw new OptionsError('CachetteModule.forRootAsync: give useFactory, useClass or useExisting')
    const from = {
      useFactory: (factory: CachetteOptionsFactory) => factory.createCachetteOptions(),
      inject: [maker],
    }
    return root(options, from, imports, useExisting === undefined ? [useClass!] : [])
  }

  /**
   * Makes a namespace of the application's cache, for `@InjectCache(name)`: its keys begin with `name:`.
   * @throws OptionsError, KeyError for a wrong name or options, when the application starts.
   */
  static forFeature(
    name: string,
    options: NamespaceOptions & { readonly of?: string | undefined } = {},
  ): DynamicModule {
    checkReadable(options, 'CachetteModule.forFeature')
    const { of: parent, ...rest } = options
    const token = cacheToken(name)
    const provider = {
      provide: token,
      useFactory: (cache: BaseCache) => cache.namespace(name, rest),
      inject: [cacheToken(parent)],
    }
    return { module: CachetteModule, providers: [provider], exports: [token] }
  }
}

let made = 0

interface OptionsSource {
  readonly useFactory: (...args: never[]) => MaybePromise<CachetteOptions>
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[]
}

function root(
  { as, isGlobal = true }: CachetteModuleOptions,
  source: OptionsSource,
  imports: ModuleMetadata['imports'] = [],
  makers: Provider[] = [],
): DynamicModule {
  if (typeof isGlobal !== 'boolean')
    throw new OptionsError(`CachetteModule: isGlobal: ${inspect(isGlobal)} is neither true nor false`)
  const token = cacheToken(as)
  const [options, owner] = [`CachetteOptions(${as ?? ''})`, `CacheOwner(${as ?? ''})`]
  const providers: Provider[] = [
    ...makers,
    // Nest 10 takes modules with the same text for one, and the options may be hidden in functions.
    { provide: `CachetteModule(${as ?? ''})`, useValue: ++made },
    { provide: options, ...source },
    {
      provide: owner,
      useFactory: (given: CachetteOptions) => new CacheOwner(token, given),
      inject: [options],
    },
    { provide: token, useFactory: async (own: CacheOwner) => own.open(), inject: [owner] },
    ...(as === undefined ? OF_ROOT : []),
  ]
  const exported =
    as === undefined ? [token, CACHE_MANAGER, Cache, CacheHealthIndicator, ThrottlerStorage] : [token]
  return { module: CachetteModule, global: isGlobal, imports, providers, exports: exported }
}

const overCache = (Adapter: new (cache: BaseCache) => object): Provider => ({
  provide: Adapter,
  useFactory: (cache: BaseCache) => new Adapter(cache),
  inject: [BaseCache],
})

/** The name of the namespace of entries that the interceptor and the facade keep. */
const FACADE = 'nest'

const OF_ROOT: readonly Provider[] = [
  {
    provide: CACHE_MANAGER,
    useFactory: (cache: BaseCache) => new Cache(cache.namespace(FACADE)),
    inject: [BaseCache],
  },
  { provide: Cache, useExisting: CACHE_MANAGER },
  overCache(CacheHealthIndicator),
  overCache(ThrottlerStorage),
]

/** Opens the cache of an application and closes it with the application, after the last request. */
class CacheOwner {
  readonly #token: InjectionToken
  readonly #options: CachetteOptions
  #end: () => Promise<void> = async () => undefined

  constructor(token: InjectionToken, options: CachetteOptions) {
    this.#token = token
    this.#options = options
  }

  async open(): Promise<BaseCache> {
    checkReadable(this.#options, 'CachetteModule')
    const { cache: given, ...options } = this.#options
    if (given !== undefined) {
      checkMethods(given, ['getOrSet', 'namespace', 'invalidateTag'], 'CachetteModule: cache')
      checkOptions(options, [], 'CachetteModule: beside cache')
    }
    const { cache, release } = given === undefined ? await openCache(options) : { cache: given }
    const forget = noteRunning(this.#token, cache)
    this.#end = async () => {
      forget()
      await release?.()
    }
    return cache
  }

  async onApplicationShutdown(): Promise<void> {
    const end = this.#end
    this.#end = async () => undefined
    await end()
  }
}
