import { Histogram, type HistogramData } from './histogram.ts'

/** The number of names that are told apart. Operations are commands and scripts, so there are few. */
const MOST = 64
const OTHER = 'other'

/** The times of calls of a server, by command or script. */
export class OperationTimes {
  readonly #byName = new Map<string, Histogram>()

  /** Notes a call. */
  add(operation: string, durationMs: number): void {
    let times = this.#byName.get(operation)
    if (times === undefined) {
      const name = this.#byName.size < MOST ? operation : OTHER
      times = this.#byName.get(name) ?? new Histogram()
      this.#byName.set(name, times)
    }
    times.add(durationMs)
  }

  /** Returns the times as plain JSON. */
  data(): Readonly<Record<string, HistogramData>> {
    return Object.fromEntries([...this.#byName].map(([name, times]) => [name, times.data()]))
  }
}
