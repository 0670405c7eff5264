/** A mutant that no test can tell from the code. */
export interface Equivalent {
  /** The file below src. */
  readonly file: string
  /** The code that is replaced. White space does not count. */
  readonly code: string
  readonly replacement: string
  readonly reason: string
}

/** Mutants that survive with a reason. They count neither as killed nor as survived. */
export const EQUIVALENT: readonly Equivalent[] = [
  {
    file: 'loading/flights.ts',
    code: 'this.#failed.size === 0',
    replacement: 'false',
    reason: 'an empty map has no key; the comparison saves a look at the clock',
  },
  {
    file: 'loading/flights.ts',
    code: 'failed.place < place',
    replacement: 'failed.place <= place',
    reason: 'a call and a flight never have the same place',
  },
  {
    file: 'loading/flights.ts',
    code: 'this.#waiting === 0',
    replacement: 'false',
    reason: 'without waiting calls no later call has an earlier place; the comparison saves memory',
  },
]
