/** Headers by their names in lower case. */
export type Headers = Record<string, string | string[]>

/** The headers of the request that a response depends on, with their values; `null` = the request had none. */
export type Vary = Record<string, string | string[] | null>

/** The directives of `Cache-Control`, as undici reads them. */
export interface Directives {
  'max-stale'?: number
  'min-fresh'?: number
  'max-age'?: number
  's-maxage'?: number
  'stale-while-revalidate'?: number
  'stale-if-error'?: number
  public?: true
  private?: true | string[]
  'no-store'?: true
  'no-cache'?: true | string[]
  'must-revalidate'?: true
  'proxy-revalidate'?: true
  immutable?: true
  'no-transform'?: true
  'must-understand'?: true
  'only-if-cached'?: true
}

/** A request of undici. */
export interface RequestKey {
  readonly origin: string
  readonly method: string
  readonly path: string
  readonly headers?: Headers
}

interface Head {
  statusCode: number
  statusMessage: string
  headers: Headers
  vary?: Vary
  etag?: string
  /** Milliseconds since 1970, as in `staleAt` and `deleteAt`. */
  cachedAt: number
  staleAt: number
  /** The time from which on the response must not be used at all. */
  deleteAt: number
}

/** A response that undici wants to keep, without its body. */
export interface ResponseHead extends Head {
  cacheControlDirectives?: Directives
}

/** A kept response, as undici takes it. */
export interface Found extends Head {
  cacheControlDirectives: Directives
  body: Iterable<Buffer>
}

/** A response in the cache. */
export interface Kept {
  readonly head: ResponseHead
  readonly body: Uint8Array
}
