import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { textKey } from '../shared/text-key.ts'
import {
  nextNow,
  type IsrAnswer,
  type IsrCacheControl,
  type IsrContext,
  type IsrGetContext,
  type IsrHandler,
  type IsrHandlerClass,
  type IsrSetContext,
} from './host.ts'
import {
  checkNextOptions,
  entriesOf,
  NEXT_OPTIONS,
  type NextHandlerOptions,
  type Opening,
} from './options.ts'

/** Options of {@link createIsrCacheHandler}. */
export interface IsrHandlerOptions extends NextHandlerOptions {
  /**
   * The build that pages, routes and images belong to, because those of another build refer to files that are gone.
   * Default: the id in Next.js's file `BUILD_ID`. Fetched data are shared by all builds.
   */
  readonly buildId?: string | undefined
}

/** An entry that is stored beside its tags and times. */
interface Body<Value> {
  readonly data: Value | null
  readonly cacheControl?: IsrCacheControl | undefined
}

const TAGS_HEADER = 'x-next-cache-tags'
/** The most looks that a handler remembers. That of images lives as long as its process. */
const MOST_LOOKS = 1_000

/**
 * Returns the class of the cache of pages, routes, fetches and images, for the file that `cacheHandler` in next.config
 * names: `export default createIsrCacheHandler()`. All handlers of a process with one server and prefix share one
 * cache.
 * @throws OptionsError, KeyError for wrong options.
 */
export function createIsrCacheHandler<Value extends object = object>(
  options: IsrHandlerOptions = {},
): IsrHandlerClass<Value> {
  checkNextOptions(options, [...NEXT_OPTIONS, 'buildId'], 'createIsrCacheHandler')
  const { buildId, ...others } = options
  if (buildId !== undefined && (typeof buildId !== 'string' || buildId === ''))
    throw new OptionsError(`createIsrCacheHandler: buildId: ${inspect(buildId)} is not a text`)
  const open = entriesOf(others, 'createIsrCacheHandler')
  return class extends CachetteIsrHandler<Value> {
    constructor(context: IsrContext) {
      super(context, open, buildId)
    }
  }
}

class CachetteIsrHandler<Value extends object> implements IsrHandler<Value> {
  readonly #open: Opening
  readonly #build: string
  readonly #madeAtMs = nextNow()
  /** The times at which entries were looked for, after which they are made. */
  readonly #lookedAtMs = new Map<string, number>()

  constructor({ serverDistDir }: IsrContext, open: Opening, buildId: string | undefined) {
    this.#open = open
    this.#build = buildId ?? readBuildId(serverDistDir)
    void open().then(async (entries) => entries?.note())
  }

  async get(cacheKey: string, context: IsrGetContext): Promise<IsrAnswer<Value> | null> {
    const entries = await this.#open()
    const key = this.#key(context.kind, cacheKey)
    const found = await entries?.read(key, [...(context.tags ?? []), ...(context.softTags ?? [])])
    this.#look(key)
    if (found === undefined || !isBody<Value>(found.value)) return null
    const { data, cacheControl } = found.value
    const answer = { lastModified: found.sinceMs, value: data, ...(cacheControl && { cacheControl }) }
    return found.isStale ? asStale(answer, context) : answer
  }

  async set(cacheKey: string, data: Value | null, context: IsrSetContext): Promise<void> {
    const { fetchCache, cacheControl } = context
    const kind = fetchCache === true ? 'FETCH' : data === null ? 'PAGE' : String(Reflect.get(data, 'kind'))
    const key = this.#key(kind, cacheKey)
    const sinceMs = this.#lookedAtMs.get(key) ?? this.#madeAtMs
    const entries = await this.#open()
    const ttlMs = (cacheControl?.expire ?? Infinity) * 1000
    const value: Body<Value> = { data, ...(cacheControl && { cacheControl }) }
    await entries?.write(key, { value, tags: tagsOf(data, context), sinceMs, ttlMs })
  }

  async revalidateTag(tags: string | string[], durations?: { expire?: number }): Promise<void> {
    const entries = await this.#open()
    const list = typeof tags === 'string' ? [tags] : tags
    await entries?.invalidate(list, durations?.expire, durations !== undefined)
  }

  resetRequestCache(): void {}

  #look(key: string): void {
    this.#lookedAtMs.delete(key)
    this.#lookedAtMs.set(key, nextNow())
    const [oldest] = this.#lookedAtMs.keys()
    if (this.#lookedAtMs.size > MOST_LOOKS) this.#lookedAtMs.delete(oldest!)
  }

  #key(kind: string, cacheKey: string): string {
    if (kind === 'FETCH') return `fetch:${textKey(cacheKey)}`
    const ofBuild = textKey(JSON.stringify([this.#build, cacheKey]))
    return `${kind === 'IMAGE' ? 'image' : 'page'}:${ofBuild}`
  }
}

function tagsOf(data: object | null, { tags = [] }: IsrSetContext): readonly string[] {
  if (data === null) return tags
  const own: unknown = Reflect.get(data, 'tags')
  const headers: unknown = Reflect.get(data, 'headers')
  const header: unknown =
    typeof headers === 'object' && headers !== null ? Reflect.get(headers, TAGS_HEADER) : undefined
  const ofPage = typeof header === 'string' ? header.split(',').map((tag) => tag.trim()) : []
  const ofFetch = Array.isArray(own) ? own.filter((tag) => typeof tag === 'string') : []
  return [...new Set([...tags, ...ofFetch, ...ofPage])].filter((tag) => tag !== '')
}

// Next.js decides by the age whether it serves an entry and makes it anew in the background.
function asStale<Value extends object>(
  { value, lastModified, cacheControl }: IsrAnswer<Value>,
  context: IsrGetContext,
): IsrAnswer<Value> {
  const own: unknown = value === null ? undefined : Reflect.get(value, 'revalidate')
  const isFetch = context.kind === 'FETCH'
  const seconds = isFetch ? context.revalidate || own : 1
  const ageMs = typeof seconds === 'number' ? (seconds + 1) * 1000 : 0
  return {
    value,
    lastModified: Math.min(lastModified, nextNow() - ageMs),
    ...(!isFetch && { cacheControl: { expire: cacheControl?.expire, revalidate: 1 } }),
  }
}

const builds = new Map<string, string>()

function readBuildId(serverDistDir: string | undefined): string {
  if (serverDistDir === undefined) return ''
  let id = builds.get(serverDistDir)
  if (id === undefined) {
    try {
      id = readFileSync(join(serverDistDir, '..', 'BUILD_ID'), 'utf8').trim()
    } catch {
      id = ''
    }
    builds.set(serverDistDir, id)
  }
  return id
}

function isBody<Value>(value: unknown): value is Body<Value> {
  return typeof value === 'object' && value !== null && 'data' in value
}
