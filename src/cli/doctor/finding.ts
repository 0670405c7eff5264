import type { Server } from '../server.ts'

/** The result of one check. */
export interface Finding {
  readonly check: string
  /** `'warning'`: works, but with a cost or a risk. `'problem'`: something does not work. */
  readonly state: 'ok' | 'warning' | 'problem'
  readonly text: string
  /** The remedy, for a warning or a problem. */
  readonly remedy?: string
}

/** A group of checks of a server. */
export type Check = (server: Server) => Promise<readonly Finding[]>

/** Returns the finding that all is well. */
export function fine(check: string, text: string): Finding {
  return { check, state: 'ok', text }
}

/** Returns a finding with its remedy. */
export function bad(state: 'warning' | 'problem', check: string, text: string, remedy: string): Finding {
  return { check, state, text, remedy }
}
