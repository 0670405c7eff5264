import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import type { Logger } from '../core/logging/logger.ts'
import { checkFunction, checkReadable } from '../options/checks.ts'
import type { Duration } from '../options/durations.ts'
import { checkOptions } from '../options/options.ts'
import { spanMs, wholeNumber } from '../options/spans.ts'

/** Options of an auditor. */
export interface AuditOptions {
  /** The loads a second for which it calls loaders, on average; default 0.2. `Infinity` checks every hit. */
  readonly rate?: number | undefined
  /**
   * The time that a writer may take between its change of the source and its invalidation; default 1 s. It is waited
   * for besides the bound of the cache, before a value counts as wrong.
   */
  readonly slack?: Duration | undefined
  /** The longest time for which it waits for a loader without `hardTimeout`; default 10 s. */
  readonly loadTimeout?: Duration | undefined
  /** Chooses the families that are checked; default: all. */
  readonly families?: ((family: string) => boolean) | undefined
  /**
   * Returns the part of a value that counts, for values with parts that differ in each load, such as the time of the
   * load. Default: all of it.
   */
  readonly select?: ((value: unknown, family: string) => unknown) | undefined
  /** Whether reports name keys and tags; default `false`: the first 12 digits of their SHA-256. */
  readonly showKeys?: boolean | undefined
  /** The number of wrong keys that a report lists; default 20. */
  readonly keep?: number | undefined
}

/** Options after validation. */
export interface AuditSettings {
  readonly rate: number
  readonly slackMs: number
  readonly loadTimeoutMs: number
  readonly showKeys: boolean
  readonly keep: number
  isChosen(family: string): boolean
  select(value: unknown, family: string): unknown
}

const OPTIONS: readonly (keyof AuditOptions)[] = [
  'rate',
  'slack',
  'loadTimeout',
  'families',
  'select',
  'showKeys',
  'keep',
]

/** Validates the options. @throws OptionsError that names the wrong one. */
export function auditSettings(options: AuditOptions, logger?: Logger): AuditSettings {
  checkReadable(options, 'createAuditor')
  checkOptions(options, OPTIONS, 'createAuditor')
  const { rate = 0.2, slack = 1, loadTimeout = 10, showKeys = false, keep = 20 } = options
  const { families = () => true, select = (value: unknown) => value } = options
  if (typeof rate !== 'number' || !(rate > 0))
    throw new OptionsError(`createAuditor: rate: ${inspect(rate)} is not a number above 0`)
  if (typeof showKeys !== 'boolean')
    throw new OptionsError(`createAuditor: showKeys: ${inspect(showKeys)} is not true or false`)
  checkFunction(families, 'createAuditor: families')
  checkFunction(select, 'createAuditor: select')
  return {
    rate,
    slackMs: spanMs(slack, 'createAuditor: slack', logger),
    loadTimeoutMs: spanMs(loadTimeout, 'createAuditor: loadTimeout', logger),
    showKeys,
    keep: wholeNumber(keep, 'createAuditor: keep'),
    isChosen: families,
    select,
  }
}
