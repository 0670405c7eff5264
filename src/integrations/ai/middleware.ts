import { createHash } from 'node:crypto'
import type { BaseCache } from '../../cache/base-cache.ts'
import { isCacheError } from '../../core/errors.ts'
import { canonical } from '../../keys/canonical.ts'
import { isRecord } from '../../internal/objects.ts'
import { checkFunction, checkReadable } from '../../options/checks.ts'
import type { Duration } from '../../options/durations.ts'
import { checkOptions } from '../../options/options.ts'
import { runtimeOf } from '../shared/check-cache.ts'
import { NEVER_FAILS } from '../shared/never-fails.ts'
import { quiet } from '../shared/quiet.ts'
import { textKey } from '../shared/text-key.ts'
import { isWhole, recorded, replay } from './kept-stream.ts'

/** A request to a model. */
export interface ModelRequest {
  /** The parameters of the call: prompt, tools, temperature and so on. */
  readonly params: object
  /** The model. */
  readonly model: { readonly provider: string; readonly modelId: string }
}

/** Options of {@link cacheMiddleware}. */
export interface AiCacheOptions {
  /** The time for which an answer is kept; default: that of the cache. */
  readonly ttl?: Duration | undefined
  /** The tags of the answers. */
  readonly tags?: readonly string[] | undefined
  /** Whether the model is asked in any case, and the answer is not kept. */
  readonly skip?: ((request: ModelRequest) => boolean) | undefined
}

/** Middleware for the AI SDK. */
export interface CacheMiddleware {
  /** The version of the contract. */
  readonly specificationVersion: 'v4'
  /** Answers a whole text. */
  wrapGenerate<Result>(
    call: ModelRequest & { readonly doGenerate: () => PromiseLike<Result> },
  ): Promise<Result>
  /** Answers a stream. */
  wrapStream<Result extends { readonly stream: ReadableStream<unknown> }>(
    call: ModelRequest & { readonly doStream: () => PromiseLike<Result> },
  ): Promise<Result>
}

/** The longest time for which a stream is recorded. */
const LONGEST_STREAM = '10m'

/**
 * Returns middleware for the AI SDK 7 that answers a repeated request to a model from the cache: `wrapLanguageModel({
 * model, middleware: cacheMiddleware(cache) })`. Concurrent equal requests for a whole text share one call.
 * @throws OptionsError for anything that is not a cache, and for wrong options.
 */
export function cacheMiddleware(cache: BaseCache, options: AiCacheOptions = {}): CacheMiddleware {
  const runtime = runtimeOf(cache, 'cacheMiddleware: cache')
  checkReadable(options, 'cacheMiddleware')
  checkOptions(options, ['ttl', 'tags', 'skip'], 'cacheMiddleware')
  const { ttl, tags, skip } = options
  if (skip !== undefined) checkFunction(skip, 'cacheMiddleware: skip')
  const kept = { ...NEVER_FAILS, ...(ttl !== undefined && { ttl }), ...(tags !== undefined && { tags }) }
  const keyFor = (form: string, request: ModelRequest): string | undefined =>
    skip?.(request) === true ? undefined : keyOf(form, request)

  return {
    specificationVersion: 'v4',

    async wrapGenerate<Result>({
      doGenerate,
      ...request
    }: ModelRequest & { readonly doGenerate: () => PromiseLike<Result> }): Promise<Result> {
      const key = keyFor('text', request)
      if (key === undefined) return doGenerate()
      let isOwn = false
      let own: { readonly result: Result } | undefined
      try {
        return await cache.getOrSet<Result>(
          key,
          async (context) => {
            isOwn = true
            const result = await doGenerate()
            own = { result }
            if (isRecord(result) && !isWhole(Reflect.get(result, 'finishReason'))) context.setTtl(0)
            return result
          },
          kept,
        )
      } catch (error) {
        // An answer that can't be stored is an answer.
        if (own !== undefined) return own.result
        // The model was not asked for this caller: the one whose call it shared has given up, or the cache fails.
        if (!isOwn && (isCacheError(error) || (isAbort(error) && !isAborted(request.params))))
          return doGenerate()
        throw error
      }
    },

    async wrapStream<Result extends { readonly stream: ReadableStream<unknown> }>({
      doStream,
      ...request
    }: ModelRequest & { readonly doStream: () => PromiseLike<Result> }): Promise<Result> {
      const key = keyFor('stream', request)
      const known = key && (await quiet(runtime, 'ai', async () => cache.get<readonly unknown[]>(key)))
      if (typeof known === 'object' && known !== null) return { stream: replay(known) } as unknown as Result
      if (key === undefined) return doStream()
      let record!: (parts: Promise<readonly unknown[] | undefined>) => void
      const parts = new Promise<readonly unknown[] | undefined>((resolve) => {
        record = resolve
      })
      // A load, so that an invalidation during the stream keeps it out. Nobody waits for it.
      void quiet(runtime, 'ai', async () =>
        cache.getOrSet(key, async () => parts, { ...kept, hardTimeout: LONGEST_STREAM }),
      )
      try {
        const result = await doStream()
        const { stream, parts: all } = recorded(result.stream)
        record(all)
        return { ...result, stream }
      } catch (error) {
        record(Promise.resolve(undefined))
        throw error
      }
    },
  }
}

// Headers may have a login, and a signal is nothing of the request.
function keyOf(form: string, { params, model }: ModelRequest): string | undefined {
  const { abortSignal: _signal, headers: _headers, ...asked } = { ...params } as Record<string, unknown>
  try {
    // Hashed, because keys are in logs, where nobody looks for what users have written.
    const hash = createHash('sha256').update(canonical(asked), 'utf16le').digest('hex')
    return textKey(`${form}:${model.provider}:${model.modelId}:${hash}`)
  } catch {
    // A part of the request has no canonical form, so nothing can tell it from another.
    return undefined
  }
}

function isAbort(error: unknown): boolean {
  return isRecord(error) && Reflect.get(error, 'name') === 'AbortError'
}

function isAborted(params: object): boolean {
  const signal: unknown = Reflect.get(params, 'abortSignal')
  return signal instanceof AbortSignal && signal.aborted
}
