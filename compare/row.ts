import type { Library } from './candidate.ts'
import type { Stage } from './stage.ts'

/** Whether the behaviour was seen, and what was seen if not. */
export type Seen = true | string

export interface Row {
  readonly title: string
  /** The features without which it can't be played: `server`, `memory`, a method of {@link Candidate}, or a key of `lacks`. */
  readonly needs: readonly string[]
  /** Whether it does harm, and has a server and processes of its own. */
  readonly isHarmful?: boolean
  play(stage: Stage): Promise<Seen>
}

export interface Part {
  readonly title: string
  readonly rows: readonly Row[]
}

export interface Cell {
  readonly answer: 'yes' | 'no' | '–'
  /** The observation, or the reason why the row can't be played. */
  readonly note?: string
}

/** Returns why a library can't play a row. */
export function lackOf(library: Library, { needs }: Row): string | undefined {
  for (const need of needs) {
    const reason = library.lacks[need]
    if (reason !== undefined) return reason
  }
  return undefined
}

export function text(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return value
  return JSON.stringify(value) ?? typeof value
}

/** Judges an answer by its text. */
export function is(value: unknown, wanted: unknown): Seen {
  return text(value) === text(wanted) || `answered ${text(value)}`
}
