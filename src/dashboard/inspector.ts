import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import type { DashboardSettings } from './options.ts'
import { json, refusal } from './responses.ts'
import type { WatchedCache } from './watched-cache.ts'

const MOST_BYTES = 16_384
const MOST_KEYS = 50
const MOST_SHOWN = 20_000
const LONGEST_SEARCH_MS = 2_000

/** An action of the inspector. */
export type Action = 'explain' | 'keys' | 'delete' | 'invalidate'

/** The actions that change nothing. */
const READING: ReadonlySet<Action> = new Set(['explain', 'keys'])

/** Explains, lists, deletes and invalidates entries, as the page asks for it. */
export class Inspector {
  readonly #caches: ReadonlyMap<string, WatchedCache>
  readonly #settings: DashboardSettings

  constructor(caches: readonly WatchedCache[], settings: DashboardSettings) {
    this.#caches = new Map(caches.map((cache) => [cache.id, cache]))
    this.#settings = settings
  }

  /** Answers a request for an action. */
  async run(action: Action, request: Request): Promise<Response> {
    if (this.#settings.readOnly && !READING.has(action))
      return refusal(403, 'the dashboard is read-only: give it readOnly: false')
    const body = await bodyOf(request)
    const watched = this.#caches.get(textIn(body, 'cache') ?? '')
    const subject = textIn(body, action === 'invalidate' ? 'tag' : action === 'keys' ? 'prefix' : 'key')
    if (watched === undefined) return refusal(400, 'cache: there is none of this number')
    if (subject === undefined) return refusal(400, 'the body lacks a key, a prefix or a tag')
    try {
      return json(await this.#act(action, watched, subject))
    } catch (error) {
      // The reason is about the key or the tag that the caller gave.
      return refusal(400, error instanceof Error ? error.message : 'this is not possible')
    }
  }

  async #act(action: Action, watched: WatchedCache, subject: string): Promise<unknown> {
    const { cache } = watched
    if (action === 'invalidate') return { invalidation: await cache.invalidateTag(subject) }
    if (action === 'keys') return someKeys(watched, subject)
    const key = keyIn(watched, subject)
    if (action === 'delete') return { deleted: await cache.delete(key) }
    const explanation = await cache.explain(key)
    const value = explanation.outcome === 'miss' ? undefined : await this.#valueOf(watched, key)
    return { explanation, value }
  }

  // Reads past the counts, so that looking changes no figure.
  async #valueOf({ scope }: WatchedCache, key: string): Promise<string | undefined> {
    if (!this.#settings.showValues) return undefined
    const { store, pipeline } = scope.runtime
    const full = scope.key(key)
    const found = (await store.read([full], { ...scope.reading, stale: true })).get(full)
    if (found === undefined) return undefined
    return textOf(pipeline.reader.view('explain', full, found.stored, scope.family))
  }
}

/** Returns the key in the namespace that was given as the cache, of a key with the names of namespaces. */
function keyIn({ scope }: WatchedCache, name: string): string {
  const { path } = scope.family
  if (!name.startsWith(path)) throw new OptionsError(`keys of this cache begin with ${path}`)
  return name.slice(path.length)
}

/** Returns keys that begin so, as many as are found soon, and whether these are all. */
async function someKeys(watched: WatchedCache, prefix: string): Promise<object> {
  const keys: string[] = []
  let areAll = true
  const signal = AbortSignal.timeout(LONGEST_SEARCH_MS)
  try {
    for await (const key of watched.cache.keys({ prefix: keyIn(watched, prefix), signal })) {
      areAll = keys.length < MOST_KEYS
      if (!areAll) break
      keys.push(watched.scope.family.path + key)
    }
  } catch (error) {
    // A large server takes longer, and what was found is worth showing.
    if (!signal.aborted) throw error
    areAll = false
  }
  return { keys: keys.toSorted(), areAll }
}

function textOf(value: unknown): string {
  try {
    const text = JSON.stringify(value, (_, part: unknown) => plain(part), 2) ?? inspect(value)
    return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN)}…`
  } catch {
    return inspect(value)
  }
}

function plain(part: unknown): unknown {
  if (typeof part === 'bigint') return `${part}n`
  if (part instanceof Map) return { Map: [...(part as Map<unknown, unknown>)] }
  if (part instanceof Set) return { Set: [...(part as Set<unknown>)] }
  return part
}

/** Returns the JSON of a body; `undefined` if there is none, or too much of it. */
async function bodyOf(request: Request): Promise<unknown> {
  try {
    const text = await request.text()
    return text.length > MOST_BYTES ? undefined : (JSON.parse(text) as unknown)
  } catch {
    return undefined
  }
}

// Only own properties count, and nothing of the body is copied into another object.
function textIn(body: unknown, name: string): string | undefined {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return undefined
  const text: unknown = Reflect.get(body, name)
  return typeof text === 'string' ? text : undefined
}
