import type { AuditFigures } from './figures.ts'
import type { WrongKey } from './wrong-key.ts'

/** The figures of a family. */
export interface FamilyReport extends AuditFigures {
  /** The template of its keys, or the name of the wrapped function. */
  readonly family: string
  /** Whether it is left out from now on, because its source answered differently within a moment three times. */
  readonly isLeftOut: boolean
}

/** The findings of an auditor since it was made, in this process. */
export interface AuditReport extends AuditFigures {
  /** The name of the cache. */
  readonly cache: string
  /** The time at which it was made. */
  readonly since: Date
  /** The calls of loaders. */
  readonly loads: number
  /** The checks that are under way. */
  readonly pending: number
  /** The figures by family, in the order of their first sample. */
  readonly families: readonly FamilyReport[]
  /** The last wrong keys, the newest last. */
  readonly wrongKeys: readonly WrongKey[]
}

/** The events of an auditor, by their names. */
export interface AuditEvents {
  /** A value was wrong. */
  wrong: WrongKey
  /** A value was right again, or gone, before it counted as wrong. */
  late: { readonly key: string; readonly family: string; readonly lateMs: number; readonly at: Date }
  /** A family is left out from now on. */
  leftOut: { readonly family: string; readonly at: Date }
}

/** Checks samples of a cache's answers against their source. */
export interface Auditor {
  /** Returns the findings so far. */
  report(): AuditReport
  /** Calls a listener for each event of a name; returns the function that ends that. */
  on<Name extends keyof AuditEvents>(name: Name, listener: (event: AuditEvents[Name]) => void): () => void
  /** Ends all checks. The findings stay. */
  close(): void
}
