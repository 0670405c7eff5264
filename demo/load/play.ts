import { setTimeout as delay } from 'node:timers/promises'
import { Ledger } from './ledger.ts'
import type { Proof } from './ledger.ts'
import type { Arrival, Edit } from './schedule.ts'
import { Visitor } from './visitor.ts'
import type { Answer } from './visitor.ts'
import { percentile } from './waits.ts'
import type { Percentile, Wait } from './waits.ts'

export interface PlayOptions {
  readonly url: string
  readonly schedule: readonly Arrival[]
  /** When to stop although answers are missing. */
  readonly cutOffMs: number
  readonly onProgress?: (progress: Progress) => void
}

export interface Progress {
  readonly elapsedMs: number
  readonly answered: number
}

export interface Played {
  /** What the whole schedule holds. */
  readonly scheduled: number
  readonly sent: number
  readonly answered: number
  readonly cutOff: boolean
  readonly seconds: number
  readonly p50: Percentile | undefined
  readonly p99: Percentile | undefined
  readonly crowdAnswered: number
  /** Pages that were read, by kind: `/cities`, `/nearest`. Without those that the limit refused. */
  readonly pages: Readonly<Record<string, number>>
  readonly refusedByLimit: number
  /** Answers that no healthy guide gives, described. */
  readonly failures: readonly string[]
  readonly proof: Proof
}

/** Plays a schedule against a guide, in time, and checks every answer. */
export async function play(options: PlayOptions): Promise<Played> {
  const player = new Player(options)
  return player.run()
}

class Player {
  readonly #options: PlayOptions
  readonly #cut = new AbortController()
  readonly #visitor: Visitor
  readonly #ledger = new Ledger()
  readonly #startedAt = performance.now()
  readonly #waits: Wait[] = []
  readonly #pages = new Map<string, number>()
  readonly #failures: string[] = []
  #sent = 0
  #answered = 0
  #crowdAnswered = 0
  #refused = 0

  constructor(options: PlayOptions) {
    this.#options = options
    this.#visitor = new Visitor(options.url, this.#cut.signal)
  }

  async run(): Promise<Played> {
    const { schedule, cutOffMs, onProgress } = this.#options
    const cutting = setTimeout(() => this.#cut.abort(), cutOffMs)
    const reporting = setInterval(() => onProgress?.(this.#progress()), 100)
    try {
      await Promise.all(await this.#send(schedule))
    } finally {
      clearTimeout(cutting)
      clearInterval(reporting)
      this.#visitor.close()
    }
    return this.#played()
  }

  /** Sends each arrival at its time: who comes does not know how long the others wait. */
  async #send(schedule: readonly Arrival[]): Promise<Promise<void>[]> {
    const begun: Promise<void>[] = []
    for (const arrival of schedule) {
      const early = this.#startedAt + arrival.atMs - performance.now()
      if (early > 0) await delay(early, undefined, { signal: this.#cut.signal }).catch(() => undefined)
      if (this.#cut.signal.aborted) break
      begun.push(this.#meet(arrival))
    }
    return begun
  }

  async #meet(arrival: Arrival): Promise<void> {
    const dueAt = this.#startedAt + arrival.atMs
    if (arrival.kind === 'edit') return this.#edit(arrival, dueAt)
    const answer = await this.#visit(arrival.path, dueAt)
    if (answer && arrival.kind === 'crowd') this.#crowdAnswered += 1
  }

  /** An editor reads the pages that show a city, changes the city, and looks whether they show the change. */
  async #edit({ id, population, shownOn }: Edit, dueAt: number): Promise<void> {
    await Promise.all(shownOn.map((path) => this.#visit(path, dueAt)))
    const saved = await this.#visit(`/cities/${id}`, performance.now(), { population })
    if (saved?.status !== 200) return
    this.#ledger.acknowledge(saved.shown)
    const savedAt = performance.now()
    await Promise.all(shownOn.map((path) => this.#visit(path, savedAt)))
  }

  /** `undefined`: the load was cut off, or the request failed and is noted as a failure. */
  async #visit(path: string, dueAt: number, update?: object): Promise<Answer | undefined> {
    if (this.#cut.signal.aborted) return undefined
    this.#sent += 1
    const beganAt = this.#ledger.now()
    const answer = await this.#visitor.open(path, update ? 'PUT' : 'GET', update).catch((error: unknown) => {
      if (!this.#cut.signal.aborted) this.#failures.push(`${path}: ${String(error)}`)
    })
    this.#waits.push({ ms: performance.now() - dueAt, answered: answer !== undefined })
    if (!answer) return undefined
    this.#answered += 1
    this.#judge(path, answer, update !== undefined)
    if (!update) this.#ledger.check(path, beganAt, answer.shown)
    return answer
  }

  #judge(path: string, { status }: Answer, isUpdate: boolean): void {
    if (status === 429 && path === '/surprise') this.#refused += 1
    else if (status !== 200) this.#failures.push(`${path}: status ${status}`)
    else if (!isUpdate) this.#pages.set(pageOf(path), (this.#pages.get(pageOf(path)) ?? 0) + 1)
  }

  #progress(): Progress {
    return { elapsedMs: performance.now() - this.#startedAt, answered: this.#answered }
  }

  #played(): Played {
    return {
      scheduled: this.#options.schedule.length,
      sent: this.#sent,
      answered: this.#answered,
      cutOff: this.#cut.signal.aborted,
      seconds: (performance.now() - this.#startedAt) / 1000,
      p50: percentile(this.#waits, 0.5),
      p99: percentile(this.#waits, 0.99),
      crowdAnswered: this.#crowdAnswered,
      pages: Object.fromEntries(this.#pages),
      refusedByLimit: this.#refused,
      failures: this.#failures,
      proof: this.#ledger.proof,
    }
  }
}

function pageOf(path: string): string {
  return /^\/\w+/.exec(path)?.[0] ?? path
}
