// The messages between the program of the table and its node processes.
import type { EntryOptions } from './candidate.ts'

/** Marks a loader in the arguments of a call: it runs where the table is made. */
export interface LoaderRef {
  readonly loader: number
}

export type Call =
  | readonly ['get' | 'getAndProlong' | 'delete' | 'invalidateTag' | 'increment', string]
  | readonly ['set', string, unknown, EntryOptions?]
  | readonly ['setIfAbsent', string, unknown]
  | readonly ['load', string, LoaderRef, EntryOptions?]
  | readonly ['getIn' | 'clear', string, string]
  | readonly ['setIn', string, string, unknown]
  | readonly ['local', string]

export type Outcome = { readonly value: unknown } | { readonly error: string }

/** To a node: calls that are made in one turn, or what a loader answered. */
export type ToNode =
  | { readonly id: number; readonly calls: readonly Call[] }
  | { readonly run: number; readonly outcome: Outcome }

/** From a node: it begins and it takes calls, outcomes of calls, or a loader that is to run. */
export type FromNode =
  | { readonly ready: boolean }
  | { readonly id: number; readonly outcomes: readonly Outcome[] }
  | { readonly run: number; readonly loader: number }
