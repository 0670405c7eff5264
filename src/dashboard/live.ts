import type { TimerHandle, Timers } from '../core/time/clock.ts'
import type { DashboardFigures } from './figures.ts'
import { refusal, respond } from './responses.ts'

const FRAME_MS = 1_000
const MOST_VIEWERS = 32
/** A stream ends after so many frames. The page then asks again, and must be authorized again. */
const MOST_FRAMES = 300

type Frame = Pick<DashboardFigures, 'timeline'>

interface Viewer {
  readonly controller: ReadableStreamDefaultController<Uint8Array>
  /** The number of the timeline's changes that it has got. */
  seen: number
  frames: number
}

/** The source of frames. */
export interface LiveSource {
  /** The number of the timeline's changes so far. */
  readonly changes: number
  /** Returns the figures of now without a timeline. */
  figures(): Promise<object>
  /** Returns the events that have changed since. */
  since(changes: number): Frame['timeline']
}

/** Sends the figures to all that look, one frame a second. Nothing is computed while nobody looks. */
export class Live {
  readonly #timers: Timers
  readonly #failed: (error: unknown) => void
  readonly #source: LiveSource
  readonly #viewers = new Set<Viewer>()
  readonly #encoder = new TextEncoder()
  #timer: TimerHandle
  #isWaiting = false
  #hasFailed = false

  /** `failed` is told of figures that could not be had. */
  constructor(timers: Timers, failed: (error: unknown) => void, source: LiveSource) {
    this.#timers = timers
    this.#failed = failed
    this.#source = source
  }

  /** The number of those that look. */
  get viewers(): number {
    return this.#viewers.size
  }

  /** Returns a stream of server-sent events. */
  open(): Response {
    if (this.#viewers.size >= MOST_VIEWERS) return refusal(503, 'too many pages look at once')
    let viewer: Viewer
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        viewer = { controller, seen: 0, frames: 0 }
        this.#viewers.add(viewer)
        void this.#send()
      },
      cancel: () => this.#remove(viewer),
    })
    return respond(stream, 'text/event-stream; charset=utf-8', 200, {
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    })
  }

  /** Ends all streams. */
  close(): void {
    for (const viewer of this.#viewers) this.#end(viewer)
    this.#timers.clear(this.#timer)
  }

  async #send(): Promise<void> {
    try {
      await this.#sendFrame()
      this.#hasFailed = false
    } catch (error) {
      // Nobody waits for a frame, and the next one may come.
      if (!this.#hasFailed) this.#failed(error)
      this.#hasFailed = true
    }
    this.#wait()
  }

  async #sendFrame(): Promise<void> {
    const { changes } = this.#source
    const figures = await this.#source.figures()
    for (const viewer of this.#viewers) {
      // A viewer that reads slowly gets fewer frames.
      if ((viewer.controller.desiredSize ?? 0) <= 0) continue
      const frame = JSON.stringify({ ...figures, timeline: this.#source.since(viewer.seen) })
      viewer.controller.enqueue(this.#encoder.encode(`retry: 2000\ndata: ${frame}\n\n`))
      viewer.seen = changes
      if (++viewer.frames >= MOST_FRAMES) this.#end(viewer)
    }
  }

  #wait(): void {
    if (this.#isWaiting || this.#viewers.size === 0) return
    this.#isWaiting = true
    this.#timer = this.#timers.set(() => {
      this.#isWaiting = false
      if (this.#viewers.size > 0) void this.#send()
    }, FRAME_MS)
  }

  #end(viewer: Viewer): void {
    this.#remove(viewer)
    viewer.controller.close()
  }

  #remove(viewer: Viewer): void {
    this.#viewers.delete(viewer)
    if (this.#viewers.size > 0) return
    this.#timers.clear(this.#timer)
    this.#isWaiting = false
  }
}
