import { isDuration, type Duration } from '../options/durations.ts'
import {
  DEFAULT_OPTIONS,
  GET_OR_SET_OPTIONS,
  SET_OPTIONS,
  type GetOrSetOptions,
  type ReadOptions,
  type SetOptions,
} from '../options/entry-options.ts'
import { unreadable } from '../options/checks.ts'
import { ClosedError, OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { checkKey, checkPrefix } from '../keys/key.ts'
import {
  checkChoice,
  checkOptions,
  type CacheOptions,
  type NamespaceMode,
  type NamespaceOptions,
} from '../options/options.ts'
import {
  loadSettings,
  settingsWith,
  settingsWithTtl,
  type LoadSettings,
  type Settings,
} from '../options/resolve.ts'
import { wholeNumber } from '../options/spans.ts'
import type { Reading, Store } from '../core/store.ts'
import { NO_TAGS, namespaceTag, namespaceTags } from '../keys/tags.ts'
import type { ValueOptions } from '../serialization/json/rules.ts'
import { Runtime } from './runtime.ts'

interface ScopeSettings {
  readonly runtime: Runtime
  readonly rootPrefix: string
  /** What a namespace adds to the prefix of the root; `''` there. */
  readonly path: string
  /** The defaults of calls; their tags are without those that stand for a namespace. */
  readonly defaults: Settings
  readonly mode: NamespaceMode
}

const NO_DEFAULTS: Settings = { ttlMs: Infinity, tags: NO_TAGS }

/** A part of a runtime's keys, with the settings that hold there: the whole of it, or a namespace. */
export class Scope {
  readonly runtime: Runtime
  readonly prefix: string
  /** What its readers ask of an entry; `undefined` = nothing, and then reading has no price. */
  readonly reading: Reading | undefined
  /** The tag that all of its entries bear and no other; `undefined` where they bear none. */
  readonly ownTag: string | undefined
  readonly #settings: ScopeSettings
  readonly #defaults: LoadSettings

  private constructor(settings: ScopeSettings) {
    const { runtime, rootPrefix, path, defaults, mode } = settings
    this.#settings = settings
    this.runtime = runtime
    this.prefix = rootPrefix + path
    const isGeneration = mode === 'generation'
    const tags = isGeneration ? [...namespaceTags(path), ...defaults.tags] : defaults.tags
    this.#defaults = loadSettings({ ...defaults, tags })
    this.reading = isGeneration ? { tags } : undefined
    this.ownTag = isGeneration ? namespaceTag(path) : undefined
  }

  /** The scope of a whole cache. @throws OptionsError, KeyError for wrong options. */
  static root(store: Store, options: CacheOptions & ValueOptions): Scope {
    const { prefix = '' } = options
    checkPrefix(prefix, 'prefix')
    const runtime = new Runtime(store, options)
    const given = only(options, DEFAULT_OPTIONS)
    const { doubts } = runtime
    const defaults = settingsWith(NO_DEFAULTS, given, DEFAULT_OPTIONS, 'a cache', undefined, doubts)
    return new Scope({
      runtime,
      rootPrefix: prefix,
      path: '',
      defaults,
      mode: 'physical',
    })
  }

  /** How long entries live by default. */
  get ttlMs(): number {
    return this.#defaults.ttlMs
  }

  /** The scope of a namespace in this one. @throws OptionsError, KeyError for a wrong name or options. */
  child(name: string, options: NamespaceOptions): Scope {
    checkOptions(options, [...DEFAULT_OPTIONS, 'keyVersion', 'mode'], 'namespace')
    const { keyVersion } = options
    checkKey(name, this.prefix)
    const path =
      keyVersion === undefined
        ? `${name}:`
        : `${name}:v${wholeNumber(keyVersion, 'namespace: keyVersion', 0)}:`
    checkPrefix(this.prefix + path, 'a namespace')
    const parent = this.#settings
    return new Scope({
      ...parent,
      path: parent.path + path,
      defaults: settingsWith(
        parent.defaults,
        only(options, DEFAULT_OPTIONS),
        DEFAULT_OPTIONS,
        'namespace',
        undefined,
        parent.runtime.doubts,
      ),
      mode: this.#modeOfChild(options.mode),
    })
  }

  #modeOfChild(mode: NamespaceMode = 'generation'): NamespaceMode {
    checkChoice(mode, ['generation', 'physical'], 'namespace: mode')
    if (mode === 'generation' || this.#settings.mode === 'physical') return mode
    throw new OptionsError(
      "namespace: mode: 'physical' is not possible in a namespace of mode 'generation', whose clear() would not reach it",
    )
  }

  get #isRoot(): boolean {
    return this.#settings.path === ''
  }

  /** The full key. @throws KeyError for what can't be one, ClosedError when the cache is closed. */
  key(key: string): string {
    this.assertOpen()
    checkKey(key, this.prefix)
    return this.prefix === '' ? key : this.prefix + key
  }

  /** Full keys, one for each of the caller's. @throws as {@link Scope.key} does. */
  list(keys: readonly string[]): readonly string[] {
    return keys.map((key) => this.key(key))
  }

  /** Distinct full keys with the caller's, in the caller's order. @throws as {@link Scope.key} does. */
  keys(keys: Iterable<string>): Map<string, string> {
    const full = new Map<string, string>()
    for (const key of asKeys(keys)) full.set(this.key(key), key)
    return full
  }

  /**
   * How an entry is to be written; its ttl is zero or less when it has expired already.
   * @throws OptionsError, KeyError for a wrong duration, tag or option.
   */
  writeSettings(
    argument: Duration | SetOptions | undefined,
    where: string,
    accepted: readonly string[] = SET_OPTIONS,
  ): Settings {
    if (argument === undefined) return this.#defaults
    const { clock, doubts } = this.runtime
    if (isDurationGiven(argument, where))
      return settingsWithTtl(this.#defaults, argument, where, clock, doubts)
    return settingsWith<Settings>(this.#defaults, argument, accepted, where, clock, doubts)
  }

  /** How a value is to be read, loaded and written. @throws as {@link Scope.writeSettings} does. */
  loadSettings(argument: Duration | GetOrSetOptions | undefined, where: string): LoadSettings {
    if (argument === undefined) return this.#defaults
    const { clock, doubts } = this.runtime
    if (isDurationGiven(argument, where))
      return settingsWithTtl(this.#defaults, argument, where, clock, doubts)
    return loadSettings(
      settingsWith<Settings>(this.#defaults, argument, GET_OR_SET_OPTIONS, where, clock, doubts),
    )
  }

  /** What a reader asks for. */
  readingFor({ after, stale, skipRead = false }: ReadOptions): Reading | undefined {
    if (after === undefined && stale !== true && skipRead === false) return this.reading
    return { ...this.reading, after, stale, skip: skipRead === false ? undefined : skipRead }
  }

  /** The full form of a literal beginning of keys, which may be empty. @throws KeyError, ClosedError. */
  prefixed(prefix: string): string {
    return prefix === '' ? (this.assertOpen(), this.prefix) : this.key(prefix)
  }

  /** Closes the whole cache; nothing in a namespace. */
  async close(): Promise<void> {
    if (this.#isRoot) await this.runtime.close()
  }

  /** @throws ClosedError when the cache is closed. */
  assertOpen(): void {
    if (this.runtime.closed) throw new ClosedError('the cache is closed')
  }
}

function isDurationGiven(argument: unknown, where: string): argument is Duration {
  try {
    return isDuration(argument)
  } catch (error) {
    throw unreadable(`${where}: the options`, error)
  }
}

// The others are looked at elsewhere.
function only(options: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(options).filter(([name]) => names.includes(name)))
}

/** A copy of the keys that a caller has listed, without holes, unchecked. @throws OptionsError for what is no list. */
export function asKeys(keys: Iterable<string>): readonly string[] {
  try {
    if (typeof keys === 'object' && keys !== null && Symbol.iterator in keys) return [...keys]
  } catch (error) {
    throw unreadable('keys', error)
  }
  throw new OptionsError(`keys: ${inspect(keys)} is not a list of keys`)
}
