import { randomUUID } from 'node:crypto'
import type { BaseCache } from '../../cache/base-cache.ts'
import { Filler } from '../../memoize/filler.ts'
import { methodDecorator, type Method } from '../../memoize/method.ts'
import type { MethodDecoratorOf } from '../../memoize/method-types.ts'
import { checkOptions } from '../../options/options.ts'
import type { SetOptions } from '../../options/entry-options.ts'
import { injecting, type UsedCache } from './injected.ts'

/** Options of {@link CachePut}: those of `set`, with templates for keys and tags. */
export interface CachePutOptions<Args extends readonly unknown[], Text extends string>
  extends UsedCache, Pick<SetOptions, 'ttl' | 'grace'> {
  /** A template such as `user:{0}` or `user:{result.id}`, or a function of the arguments. */
  readonly key: Text | ((...args: Args) => string)
  /** Templates such as `team:{result.teamId}`, or a function of the arguments. */
  readonly tags?: readonly Text[] | ((...args: Args) => readonly string[]) | undefined
}

/**
 * Calls the method each time, and stores its answer under the key, so that the next reader finds it. The entry is removed
 * instead if the method fails or answers `undefined`, or if the key was put anew or one of its tags was invalidated
 * meanwhile, because the answer may be the older one then.
 *
 * ```ts no-check
 * @CachePut({ key: 'user:{0}', tags: ['users'], ttl: '30m' })
 * async rename(id: number, name: string): Promise<User> { ... }
 * ```
 * @throws OptionsError for wrong options, or if it decorates anything but a method.
 */
export function CachePut<Args extends readonly unknown[], Text extends string>(
  options: CachePutOptions<Args, Text>,
): MethodDecoratorOf<object, Args, Text> {
  return injecting('CachePut', options, (rest, cacheOf) => {
    checkOptions(rest, ['key', 'tags', 'ttl', 'grace'], 'CachePut')
    const { key, tags = [], ...entry } = rest
    const keyOf = new Filler(typeof key === 'function' ? listOf(key as Method) : [key], 'CachePut: key')
    const tagsOf = new Filler(tags, 'CachePut: tags')
    return methodDecorator('CachePut', (method) => {
      return async function (this: unknown, ...args) {
        const cache = cacheOf(this)
        const call = { self: this, args }
        const run = async (): Promise<unknown> => method.apply(this, args)
        if (cache === undefined) return run()
        const ticket = await Ticket.take(cache, keyOf.textsOf(call)[0], tagsOf.textsOf(call))
        let result: unknown
        try {
          result = await run()
        } catch (error) {
          await ticket?.void()
          throw error
        }
        const answered = { ...call, result }
        const [name] = keyOf.allTextsOf(answered)
        const options = { ...entry, tags: tagsOf.allTextsOf(answered) }
        const isStored = result !== undefined && (await cache.set(name!, result, options))
        if (ticket === undefined ? !isStored : !(isStored && (await ticket.isValid())))
          await cache.invalidate(placesOfPuts([name!]))
        return result
      }
    })
  })
}

// A method, because the function finds its object by `this`.
function listOf(key: Method): Method {
  return function (this: unknown, ...args) {
    return [key.apply(this, args)]
  }
}

/** Returns the keys, and those under which puts of them note that they are under way. */
export function placesOfPuts(keys: readonly string[]): string[] {
  return keys.flatMap((key) => [key, placeOf(key)])
}

function placeOf(key: string): string {
  return `put:${key}`
}

/** The note of a put that is under way. A later put replaces it, and an invalidation of the key or a tag removes it. */
class Ticket {
  readonly #cache: BaseCache
  readonly #key: string
  readonly #id: string = randomUUID()

  private constructor(cache: BaseCache, key: string) {
    this.#cache = cache
    this.#key = key
  }

  /** Returns `undefined` if the key depends on the answer. */
  static async take(
    cache: BaseCache,
    key: string | undefined,
    tags: readonly string[],
  ): Promise<Ticket | undefined> {
    if (key === undefined) return undefined
    const ticket = new Ticket(cache, key)
    await cache.set(placeOf(key), ticket.#id, { ttl: '10m', tags })
    return ticket
  }

  /** Whether nothing has ended the put; to be asked once, when its answer is stored. */
  async isValid(): Promise<boolean> {
    return (await this.#cache.take(placeOf(this.#key))) === this.#id
  }

  /** Removes the entry. */
  async void(): Promise<void> {
    await this.#cache.invalidate(placesOfPuts([this.#key]))
  }
}
