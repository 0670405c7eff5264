import { Presets, SingleBar } from 'cli-progress'

/** Shows how far a load is. */
export interface ProgressLine {
  update(elapsedMs: number, answered: number): void
  done(): void
}

/** A bar on a terminal; where the output goes to a file or a pipe, one line as the load begins. */
export function progressLine(title: string, totalMs: number): ProgressLine {
  const seconds = Math.round(totalMs / 100) / 10
  if (!process.stdout.isTTY) {
    console.log(`${title}: ${seconds} s`)
    return { update() {}, done() {} }
  }
  const format = `${title.padEnd(15)} {bar} {percentage}% of ${seconds} s, {answered} answered`
  const bar = new SingleBar({ format, gracefulExit: false, barsize: 30 }, Presets.shades_classic)
  bar.start(totalMs, 0, { answered: 0 })
  return {
    update: (elapsedMs, answered) => bar.update(Math.min(totalMs, elapsedMs), { answered }),
    done: () => bar.stop(),
  }
}
