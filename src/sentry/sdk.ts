/** Attributes of a span of Sentry. */
export type SentryAttributes = Readonly<Record<string, string | number | boolean | string[]>>

/** The SDK of Sentry, 8 or later, as far as it is used: `import * as Sentry from '@sentry/node'`. */
export interface SentryLike {
  /** Starts a span below the active one. */
  startInactiveSpan(options: {
    name: string
    op: string
    onlyIfParent: boolean
    attributes: Record<string, string | number | boolean | string[]>
  }): { end(): void }
}
