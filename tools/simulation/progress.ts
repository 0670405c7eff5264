const EVERY_MS = 10_000

/** The progress of a long run: a line that is rewritten on a terminal, and a line now and then elsewhere. */
export class Progress {
  readonly #total: number
  readonly #began = performance.now()
  #done = 0
  #violations = 0
  #shownMs = 0

  constructor(total: number) {
    this.#total = total
  }

  step(count: number, violations: number): void {
    this.#done += count
    this.#violations += violations
    const ms = performance.now() - this.#began
    if (process.stdout.isTTY) process.stdout.write(`\r\u001B[K${this.#line(ms)}`)
    else if (ms - this.#shownMs >= EVERY_MS) {
      this.#shownMs = ms
      console.log(this.#line(ms))
    }
  }

  /** Prints a line that is not to wait for the end. */
  report(line: string): void {
    if (process.stdout.isTTY) process.stdout.write('\r\u001B[K')
    console.log(line)
  }

  end(): void {
    if (process.stdout.isTTY) process.stdout.write('\r\u001B[K')
    console.log(this.#line(performance.now() - this.#began))
  }

  #line(ms: number): string {
    return `${this.#done} of ${this.#total} worlds, ${this.#violations} violations, ${(ms / 1000).toFixed(0)} s`
  }
}
