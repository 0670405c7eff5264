/** A mutant that no test can tell from the code. */
export interface Equivalent {
  /** The file below src. */
  readonly file: string
  /** The line that it is in, without the indentation. */
  readonly line: string
  /** The text that Stryker puts in, without its white space; each one of the line if it is left out. */
  readonly replacement?: string
  readonly reason: string
}

/** Mutants that survive with a reason. They count neither as killed nor as survived. */
export const EQUIVALENT: readonly Equivalent[] = []
