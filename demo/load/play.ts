import { setTimeout as delay } from 'node:timers/promises'
import { queryLabel } from '../database/protocol.ts'
import type { TimedAnswer, Timeline } from '../outage/cost.ts'
import { Stalls } from '../outage/stalls.ts'
import { Ledger } from './ledger.ts'
import type { Proof, Shown } from './ledger.ts'
import { queryLabels, queryOfPage } from './pages.ts'
import type { Arrival, Edit } from './schedule.ts'
import { Visitor } from './visitor.ts'
import type { Answer } from './visitor.ts'
import { percentile } from './waits.ts'
import type { Percentile, Wait } from './waits.ts'

export interface PlayOptions {
  /** Of each process of the guide: requests go to them in turn. */
  readonly urls: readonly string[]
  readonly schedule: readonly Arrival[]
  /** The time of the end, even if answers are missing. */
  readonly cutOffMs: number
  readonly onProgress?: (progress: Progress) => void
}

export interface Progress {
  readonly elapsedMs: number
  readonly answered: number
}

export interface Played {
  /** The totals of the whole schedule. */
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
  /** Updates that had to wait until Redis answered again. */
  readonly queuedUpdates: number
  /** The records as the updates left them in the end, with a page that shows each. */
  readonly latest: readonly Latest[]
}

/** The last version of a record, and where it can be seen. */
export interface Latest {
  readonly path: string
  readonly shown: readonly Shown[]
}

/** Outcome of a load, and its answers one by one. */
export interface Playing {
  readonly played: Played
  readonly timeline: Timeline
}

/** Plays a schedule against a guide, in time, and checks every answer. */
export async function play(options: PlayOptions): Promise<Playing> {
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
  readonly #answers: TimedAnswer[] = []
  readonly #pages = new Map<string, number>()
  readonly #failures: string[] = []
  #sent = 0
  #answered = 0
  #crowdAnswered = 0
  readonly #latest = new Map<string, Latest>()
  #refused = 0
  #queued = 0
  /** Tokens of the updates that all processes have been told of: every visitor knows of them. */
  readonly #after = new Set<string>()

  constructor(options: PlayOptions) {
    this.#options = options
    this.#visitor = new Visitor(this.#cut.signal)
  }

  async run(): Promise<Playing> {
    const { schedule, cutOffMs, onProgress } = this.#options
    const stalls = new Stalls()
    const cutting = setTimeout(() => this.#cut.abort(), cutOffMs)
    const reporting = setInterval(() => onProgress?.(this.#progress()), 100)
    try {
      await Promise.all(await this.#send(schedule))
    } finally {
      clearTimeout(cutting)
      clearInterval(reporting)
      this.#visitor.close()
    }
    return { played: this.#played(), timeline: { answers: this.#answers, stalls: stalls.end() } }
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
    await Promise.all(this.#everywhere(shownOn, dueAt))
    const url = this.#nextUrl()
    const path = `/cities/${id}`
    const saved = await this.#visit(path, performance.now(), { url, update: { population } })
    if (saved?.status !== 200) return
    this.#latest.set(path, { path, shown: saved.shown.filter(({ record }) => record.startsWith('city:')) })
    if (saved.announced?.queued === true) {
      this.#queued += 1
      this.#ledger.acknowledge(saved.shown, url)
    } else {
      if (saved.announced) this.#after.add(saved.announced.token)
      this.#ledger.acknowledge(saved.shown)
    }
    await Promise.all(this.#everywhere(shownOn, performance.now()))
  }

  #everywhere(paths: readonly string[], dueAt: number): Promise<unknown>[] {
    return this.#options.urls.flatMap((url) => paths.map((path) => this.#visit(path, dueAt, { url })))
  }

  #nextUrl(): string {
    const { urls } = this.#options
    return urls[this.#sent % urls.length]!
  }

  /** `undefined`: the load was cut off, or the request failed and is noted as a failure. */
  async #visit(
    path: string,
    dueAt: number,
    { url = this.#nextUrl(), update }: { readonly url?: string; readonly update?: Update } = {},
  ): Promise<Answer | undefined> {
    if (this.#cut.signal.aborted) return undefined
    this.#sent += 1
    const beganAt = this.#ledger.now()
    const question = { url, after: [...this.#after], path, update }
    const answer = await this.#visitor.open(question).catch((error: unknown) => {
      if (!this.#cut.signal.aborted) this.#failures.push(`${path}: ${String(error)}`)
    })
    const ms = performance.now() - dueAt
    this.#waits.push({ ms, answered: answer !== undefined })
    if (!answer) return undefined
    this.#answered += 1
    const toMs = Date.now()
    this.#answers.push({ url, fromMs: toMs - ms, toMs, labels: labelsOf(path, update, answer) })
    this.#judge(path, answer, update !== undefined)
    if (!update) this.#ledger.check(path, beganAt, answer.shown, url)
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
      queuedUpdates: this.#queued,
      latest: [...this.#latest.values()],
    }
  }
}

interface Update {
  readonly population: number
}

/** Returns the labels of all queries that an answer may have waited for. */
function labelsOf(path: string, update: Update | undefined, { shown }: Answer): readonly string[] {
  const page = queryOfPage(path)
  const query = update && page ? { name: 'update' as const, args: [...page.args, update.population] } : page
  const cities = shown.flatMap(({ record }) => /^city:(.*)$/.exec(record)?.[1] ?? [])
  return [
    ...(query === undefined ? [] : queryLabels(query)),
    ...cities.map((id) => queryLabel('city', [Number(id)])),
  ]
}

function pageOf(path: string): string {
  return /^\/\w+/.exec(path)?.[0] ?? path
}
