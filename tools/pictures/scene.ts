import type { FakeClock } from '../../src/testing/index.ts'

export const COLOURS = {
  fresh: '#4c9f70',
  stale: '#e3b341',
  wrong: '#d1495b',
  work: '#5b8db8',
  wait: '#c8ccd0',
} as const

/** A stretch of a lane. */
export interface Bar {
  readonly lane: string
  readonly from: number
  to: number
  readonly colour: keyof typeof COLOURS
  readonly label: string
}

/** A moment of a lane. */
export interface Mark {
  readonly lane: string
  readonly at: number
  readonly label: string
}

/** A picture of a run: lanes one under the other over an axis of time, or of a count. */
export interface Scene {
  readonly title: string
  readonly lanes: readonly string[]
  readonly end: number
  /** The distance of two ticks of the axis. */
  readonly tick: number
  /** Writes a value of the axis, such as `20 ms`. */
  readonly unit: (value: number) => string
  readonly bars: readonly Bar[]
  readonly marks: readonly Mark[]
}

/** Writes down what happens in a run, by the clock of the run. */
export class Recorder {
  readonly bars: Bar[] = []
  readonly marks: Mark[] = []
  readonly #clock: FakeClock

  constructor(clock: FakeClock) {
    this.#clock = clock
  }

  mark(lane: string, label: string): void {
    this.marks.push({ lane, at: this.#clock.now(), label })
  }

  /** Records work from now on. The returned function ends it with a label and a colour. */
  begin(lane: string): (label: string, colour: keyof typeof COLOURS) => void {
    const from = this.#clock.now()
    return (label, colour) => void this.bars.push({ lane, from, to: this.#clock.now(), label, colour })
  }

  /** Records a state that lasts until the next sample of its lane. Equal samples become one bar. */
  sample(lane: string, label: string, colour: keyof typeof COLOURS, stepMs: number): void {
    const last = this.bars.findLast((bar) => bar.lane === lane)
    const now = this.#clock.now()
    if (last !== undefined && last.to >= now && last.label === label && last.colour === colour)
      last.to = now + stepMs
    else this.bars.push({ lane, from: now, to: now + stepMs, label, colour })
  }

  /** Waits by the clock of the run. */
  async wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.set(resolve, ms)
    })
  }
}

export const milliseconds = (value: number): string => `${value} ms`
export const seconds = (value: number): string => `${value / 1000} s`
