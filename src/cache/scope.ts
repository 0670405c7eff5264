import { isDuration, type Duration } from '../options/durations.ts'
import {
  DEFAULT_OPTIONS,
  GET_OR_SET_OPTIONS,
  SET_OPTIONS,
  type GetOrSetOptions,
  type ReadOptions,
  type SetOptions,
} from '../options/entry-options.ts'
import { checkReadable, unreadable } from '../options/checks.ts'
import { OfFunction } from '../options/function-options.ts'
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
import type { Family } from '../core/observing/family.ts'
import type { InvalidationReport } from '../core/observing/observer.ts'
import type { Reading, Store } from '../core/store.ts'
import { NO_TAGS, namespaceTag, namespaceTags } from '../keys/tags.ts'
import type { ValueOptions } from '../serialization/json/rules.ts'
import { Runtime } from './runtime.ts'

interface ScopeSettings {
  readonly runtime: Runtime
  readonly rootPrefix: string
  /** The part that a namespace adds to the prefix of the root; `''` there. */
  readonly path: string
  /** The defaults of calls. Their tags do not include those that stand for a namespace. */
  readonly defaults: Settings
  readonly mode: NamespaceMode
  readonly family: Family
}

type Invalidating = Partial<InvalidationReport> & Pick<InvalidationReport, 'removed' | 'l2'>

const NO_KEYS: readonly string[] = Object.freeze([])
const NO_DEFAULTS: Settings = { ttlMs: Infinity, tags: NO_TAGS }

/** A part of a runtime's keys, with the settings that hold there: the whole of it, or a namespace. */
export class Scope {
  readonly runtime: Runtime
  readonly prefix: string
  /** The reading of its readers; `undefined` = nothing is asked of an entry, and reading costs nothing more. */
  readonly reading: Reading | undefined
  /** The tag that all of its entries bear and no others; `undefined` where they bear none. */
  readonly ownTag: string | undefined
  /** The family that its operations are counted in. */
  readonly family: Family
  readonly #settings: ScopeSettings
  readonly #defaults: LoadSettings

  private constructor(settings: ScopeSettings) {
    const { runtime, rootPrefix, path, defaults, mode, family } = settings
    this.#settings = settings
    this.runtime = runtime
    this.family = family
    family.ttlMs = defaults.ttlMs
    this.prefix = rootPrefix + path
    const isGeneration = mode === 'generation'
    const tags = isGeneration ? [...namespaceTags(path), ...defaults.tags] : defaults.tags
    this.#defaults = loadSettings({ ...defaults, tags }, family)
    this.reading = isGeneration ? { tags } : undefined
    this.ownTag = isGeneration ? namespaceTag(path) : undefined
  }

  /** Returns the scope of a whole cache. @throws OptionsError, KeyError for wrong options. */
  static root(store: Store, options: CacheOptions & ValueOptions): Scope {
    checkReadable(options, 'a cache')
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
      family: runtime.families.root,
    })
  }

  /** The default ttl of entries. */
  get ttlMs(): number {
    return this.#defaults.ttlMs
  }

  /** Returns the scope of a namespace in this one. @throws OptionsError, KeyError for a wrong name or options. */
  child(name: string, options: NamespaceOptions): Scope {
    checkReadable(options, 'namespace')
    checkOptions(options, [...DEFAULT_OPTIONS, 'keyVersion', 'mode'], 'namespace')
    const { keyVersion } = options
    checkKey(name, this.prefix)
    const path =
      keyVersion === undefined
        ? `${name}:`
        : `${name}:v${wholeNumber(keyVersion, 'namespace: keyVersion', 0)}:`
    checkPrefix(this.prefix + path, 'a namespace')
    const parent = this.#settings
    const whole = parent.path + path
    const { families } = parent.runtime
    return new Scope({
      ...parent,
      path: whole,
      family: families.ofNamespace(parent.family, whole, parent.rootPrefix + whole),
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

  /** Returns the full key. @throws KeyError for an invalid key, ClosedError if the cache is closed. */
  key(key: string): string {
    if (this.runtime.closing !== undefined) this.assertOpen()
    checkKey(key, this.prefix)
    return this.prefix === '' ? key : this.prefix + key
  }

  /** Returns a full key without the prefix of the cache. */
  nameOf(full: string): string {
    return full.slice(this.#settings.rootPrefix.length)
  }

  /** Returns full keys, one for each of the caller's. @throws as {@link Scope.key} does. */
  list(keys: readonly string[]): readonly string[] {
    return keys.map((key) => this.key(key))
  }

  /** Returns distinct full keys with the caller's, in the caller's order. @throws as {@link Scope.key} does. */
  keys(keys: Iterable<string>): Map<string, string> {
    const full = new Map<string, string>()
    for (const key of asKeys(keys)) full.set(this.key(key), key)
    return full
  }

  /**
   * Returns the settings of a write. The ttl is zero or less if the entry has expired already.
   * @throws OptionsError, KeyError for a wrong duration, tag or option.
   */
  writeSettings(
    argument: Duration | SetOptions | undefined,
    where: string,
    accepted: readonly string[] = SET_OPTIONS,
    base: Settings = this.#defaults,
  ): Settings {
    if (argument === undefined) return base
    const { clock, doubts } = this.runtime
    if (isDuration(argument, where)) return settingsWithTtl(base, argument, where, clock, doubts)
    return settingsWith<Settings>(base, argument, accepted, where, clock, doubts)
  }

  /** Returns the settings of a read that loads. @throws as {@link Scope.writeSettings} does. */
  loadSettings(argument: Duration | GetOrSetOptions | undefined, where: string): LoadSettings {
    if (argument === undefined) return this.#defaults
    const { clock, doubts } = this.runtime
    if (isDuration(argument, where)) return settingsWithTtl(this.#defaults, argument, where, clock, doubts)
    const settings = settingsWith<Settings>(
      this.#defaults,
      argument,
      GET_OR_SET_OPTIONS,
      where,
      clock,
      doubts,
    )
    return loadSettings(settings, this.#familyOf(argument, settings))
  }

  #familyOf(options: object, { ttlMs }: Settings): Family {
    const name = OfFunction.nameIn(options)
    if (name === undefined) return this.family
    const family = this.runtime.families.ofFunction(this.family, name)
    family.ttlMs = ttlMs
    return family
  }

  /** Returns the reading that the options ask for. */
  readingFor({ after, stale, skipRead = false }: ReadOptions): Reading | undefined {
    if (after === undefined && stale !== true && skipRead === false) return this.reading
    return { ...this.reading, after, stale, skip: skipRead === false ? undefined : skipRead }
  }

  /** Returns the full form of a literal beginning of keys, which may be empty. @throws KeyError, ClosedError. */
  prefixed(prefix: string): string {
    return prefix === '' ? (this.assertOpen(), this.prefix) : this.key(prefix)
  }

  /** Counts an invalidation, and tells observers of it. `l2` matters only with a shared server. */
  invalidated(operation: string, { keys = NO_KEYS, tags = NO_TAGS, ...done }: Invalidating): void {
    const { family, runtime } = this
    family.counters.invalidations += done.removed + tags.length
    const observer = runtime.observing('invalidate')
    if (observer?.invalidate === undefined) return
    const l2 = runtime.store.isShared === true ? done.l2 : 'none'
    observer.invalidate({ family, operation, keys, tags, l1: 'acked', ...done, l2 })
  }

  /** Closes the whole cache. In a namespace it does nothing. */
  async close(): Promise<void> {
    if (this.#isRoot) await this.runtime.close()
  }

  /** @throws ClosedError if the cache is closed. */
  assertOpen(): void {
    if (this.runtime.closed) throw new ClosedError('the cache is closed')
  }
}

// Returns the options with these names. The others are checked elsewhere.
function only(options: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(options).filter(([name]) => names.includes(name)))
}

/**
 * Returns an unchecked copy of a caller's list of keys, without holes. @throws OptionsError for anything but a list.
 */
export function asKeys(keys: Iterable<string>): readonly string[] {
  try {
    if (typeof keys === 'object' && keys !== null && Symbol.iterator in keys) return [...keys]
  } catch (error) {
    throw unreadable('keys', error)
  }
  throw new OptionsError(`keys: ${inspect(keys)} is not a list of keys`)
}
