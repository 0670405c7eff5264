import type { QueryName } from '../database/protocol.ts'
import type { Watched } from '../outage/watch.ts'
import type { CacheFigures } from '../report/results.ts'

/** The messages to the second process of the guide. */
export type ToSecond =
  | { readonly kind: 'rows'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | { readonly kind: 'figures' | 'watch' | 'watched' | 'normal' | 'end' }

/** The messages from it, with its questions to the database, which lives in the first process. */
export type FromSecond =
  | { readonly kind: 'listening'; readonly url: string }
  | {
      readonly kind: 'query'
      readonly id: number
      readonly name: QueryName
      readonly args: readonly unknown[]
    }
  | { readonly kind: 'figures'; readonly figures: CacheFigures }
  | { readonly kind: 'watched'; readonly watched: Watched }
  /** Its cache works again. */
  | { readonly kind: 'normal' }
