import type { Auditor } from '../audit/report.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { consoleLogger, type Logger } from '../core/logging/logger.ts'
import { isList } from '../internal/objects.ts'
import { checkFunction, checkMethods, checkReadable } from '../options/checks.ts'
import { checkOptions } from '../options/options.ts'

/** The `Request` of the platform, whichever types declare it. */
export type WebRequest = typeof globalThis extends { Request: { prototype: infer T } } ? T : unknown

/** The `Response` of the platform, whichever types declare it. */
export type WebResponse = typeof globalThis extends { Response: { prototype: infer T } } ? T : unknown

/** Options of {@link createDashboard}. */
export interface DashboardOptions {
  /**
   * Decides who may see the page and use it. A `Response` is sent instead, such as one that asks for a password. It is
   * asked for each request, before anything else. Without it only requests to this machine itself are answered, and none
   * if `NODE_ENV` is `production`.
   */
  readonly authorize?:
    | ((request: WebRequest) => boolean | WebResponse | Promise<boolean | WebResponse>)
    | undefined
  /** The path of the page; default `/cachette`. */
  readonly basePath?: string | undefined
  /** Whether nothing can be deleted or invalidated by the page; default `true`. */
  readonly readOnly?: boolean | undefined
  /** Whether the page shows cached values, and the messages of loaders' errors; default `false`. */
  readonly showValues?: boolean | undefined
  /** The auditors of the caches, whose findings are shown. */
  readonly auditors?: readonly Auditor[] | undefined
  /** The target of its few log lines; default: the console. */
  readonly logger?: Logger | undefined
}

/** Options after validation. */
export interface DashboardSettings {
  readonly authorize: ((request: Request) => unknown) | undefined
  readonly basePath: string
  readonly readOnly: boolean
  readonly showValues: boolean
  readonly auditors: readonly Auditor[]
  readonly logger: Logger
}

const OPTIONS: readonly (keyof DashboardOptions)[] = [
  'authorize',
  'basePath',
  'readOnly',
  'showValues',
  'auditors',
  'logger',
]

/** Validates the options. @throws OptionsError that names the wrong one. */
export function dashboardSettings(options: DashboardOptions): DashboardSettings {
  checkReadable(options, 'createDashboard')
  checkOptions(options, OPTIONS, 'createDashboard')
  const { authorize, basePath = '/cachette', readOnly = true, showValues = false } = options
  const { auditors = [], logger = consoleLogger } = options
  if (authorize !== undefined) checkFunction(authorize, 'createDashboard: authorize')
  if (typeof basePath !== 'string' || !/^(\/[\w.~-]+)*\/?$/.test(basePath))
    throw new OptionsError(
      `createDashboard: basePath: ${inspect(basePath)} is not a path such as '/cachette'`,
    )
  for (const [name, value] of Object.entries({ readOnly, showValues }))
    if (typeof value !== 'boolean')
      throw new OptionsError(`createDashboard: ${name}: ${inspect(value)} is not true or false`)
  if (!isList(auditors))
    throw new OptionsError(`createDashboard: auditors: ${inspect(auditors)} is not a list of auditors`)
  for (const auditor of auditors) checkMethods(auditor, ['report'], 'createDashboard: auditors')
  checkMethods(logger, ['warn', 'error'], 'createDashboard: logger')
  const path = basePath.endsWith('/') ? basePath.slice(0, -1) : basePath
  return { authorize, basePath: path, readOnly, showValues, auditors, logger }
}
