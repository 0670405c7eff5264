declare const storedBrand: unique symbol

/** A value in the form in which a store keeps it (a private copy, bytes, or one of each tier). Never `undefined`. */
export interface Stored {
  readonly [storedBrand]: true
}

/** A place where entries are kept: `l1` in the process, `l2` on the shared server. */
export type Tier = 'l1' | 'l2'

/** The outcome of an invalidation in a tier; `none` = there is no such tier. */
export type InvalidationOutcome = 'acked' | 'queued' | 'dropped' | 'none'
