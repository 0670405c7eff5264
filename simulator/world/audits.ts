import type { Auditor, WrongKey } from '../../src/audit/index.ts'
import { createAuditor } from '../../src/audit/index.ts'
import { fingerprint } from '../../src/audit/fingerprint.ts'
import type { Database } from '../server/database.ts'
import type { History } from '../judge/history.ts'
import type { EventLoop } from '../machine/event-loop.ts'
import { SeededRandom } from '../../src/testing/random.ts'
import { DatabaseError, type WorldNode } from './clients.ts'
import type { Versioned } from './node.ts'
import type { Target } from './targets.ts'

/** Options of the auditing of a world. */
export interface AuditWorld {
  /** Loads a second of each node; `Infinity` checks every hit. */
  readonly rate: number
  /** The time that writers may take beside the bound. */
  readonly slackMs: number
  /** Whether each answer of a loader differs from all others, as far as the auditor can tell. */
  readonly isUnsteady?: boolean
}

/** The findings of all auditors of a world. */
export interface AuditFindings {
  readonly samples: number
  readonly same: number
  readonly late: number
  readonly unknown: number
  readonly incomparable: number
  readonly loads: number
  /** Wrong values, by their cause. */
  readonly wrong: Readonly<Record<WrongKey['cause'], number>>
  /** Findings that the judge of the world knows to be untrue. */
  readonly falseAlarms: readonly string[]
  /** Whether one and the same outdated value was read for so long that a check of its first read must find it. */
  readonly hasLasting: boolean
  /** Whether a wrong value was found that the judge, too, knows to be outdated. */
  readonly hasFound: boolean
}

interface Parts {
  readonly options: AuditWorld
  readonly seed: number
  readonly boundMs: number
  readonly loop: EventLoop
  readonly history: History
  readonly database: Database
}

/** The time of a check beside its waits. */
const CHECK_MS = 120
/** The differences between a sample and the moment at which its source was asked. */
const SAMPLE_MS = 30

/** The auditors of a world's nodes, whose findings are held against what the world knows. */
export class Audits {
  readonly #parts: Parts
  readonly #random: SeededRandom
  readonly #auditors = new Map<WorldNode, Auditor>()
  readonly #versions = new Map<string, number>()
  // Moments at which the primary has executed an invalidation of a key, and the version of the database then.
  readonly #executed = new Map<string, (readonly [atMs: number, version: number])[]>()
  // The first moment at which an outdated value was read, by node, key and version.
  readonly #outdated = new Map<string, number>()
  readonly #sums = { samples: 0, same: 0, late: 0, unknown: 0, incomparable: 0, loads: 0 }
  readonly #wrong: Record<WrongKey['cause'], number> = {
    'not-invalidated': 0,
    'not-applied': 0,
    'stored-again': 0,
  }
  readonly #falseAlarms: string[] = []
  readonly #lasting = new Set<string>()
  readonly #found = new Set<string>()

  constructor(parts: Parts) {
    this.#parts = parts
    this.#random = new SeededRandom(parts.seed ^ 0x5eed)
    parts.history.onOutdated = (node, key, version) => this.#onOutdated(node, key, version)
  }

  /** Begins to audit a node. */
  watch(node: WorldNode): void {
    const { rate, slackMs, isUnsteady = false } = this.#parts.options
    const auditor = createAuditor(node.cache, {
      rate,
      slack: { milliseconds: slackMs },
      loadTimeout: 1,
      showKeys: true,
      select: (value) => (isUnsteady ? value : (value as Versioned)[0]),
    })
    auditor.on('wrong', (wrong) => this.#onWrong(node, wrong))
    this.#auditors.set(node, auditor)
  }

  /** Answers an auditor's call of a loader. */
  async load({ network: { process } }: WorldNode, { key }: Target): Promise<Versioned> {
    await process.sleep(this.#random.between(0, 5))
    const version = this.#parts.database.version(key)
    if (this.#random.chance(0.005)) throw new DatabaseError('the database failed')
    await process.sleep(this.#random.between(0, 20))
    return [version, -this.#random.next()]
  }

  /** Notes that the primary has executed an invalidation. */
  executed(key: string, version: number): void {
    const list = this.#executed.get(key)
    const entry = [this.#parts.loop.now(), version] as const
    if (list === undefined) this.#executed.set(key, [entry])
    else list.push(entry)
  }

  /** Ends the auditor of a node. */
  retire(node: WorldNode): void {
    const auditor = this.#auditors.get(node)
    if (auditor === undefined) return
    auditor.close()
    this.#auditors.delete(node)
    const report = auditor.report()
    const sums: Record<string, number> = this.#sums
    for (const name of Object.keys(sums)) sums[name]! += (report as unknown as Record<string, number>)[name]!
  }

  get findings(): AuditFindings {
    return {
      ...this.#sums,
      wrong: this.#wrong,
      falseAlarms: this.#falseAlarms,
      hasLasting: this.#lasting.size > 0,
      hasFound: [...this.#found].some((one) => this.#outdated.has(one)),
    }
  }

  #onOutdated(node: string, key: string, version: number): void {
    const nowMs = this.#parts.loop.now()
    const one = `${node} ${key} ${version}`
    const sinceMs = this.#outdated.get(one) ?? nowMs
    this.#outdated.set(one, sinceMs)
    const { boundMs, options } = this.#parts
    if (nowMs - sinceMs >= boundMs + options.slackMs + CHECK_MS) this.#lasting.add(one)
  }

  #onWrong(node: WorldNode, wrong: WrongKey): void {
    this.#wrong[wrong.cause]++
    const { key } = wrong
    const version = this.#versionOf(key, wrong.served)
    this.#found.add(`${node.name} ${key} ${version}`)
    const untrue = this.#untrue(node, wrong, version)
    if (untrue === undefined) return
    const atMs = this.#parts.loop.now().toFixed(0)
    this.#falseAlarms.push(
      `${atMs} ms, ${node.name}, ${key}, version ${version}: ${untrue} (${wrong.sentence})`,
    )
  }

  // Returns the part of a finding that is untrue, by all that the world knows.
  #untrue({ name }: WorldNode, { key, cause, wrongFor }: WrongKey, version: number): string | undefined {
    const { loop, database, history, boundMs, options } = this.#parts
    if (options.isUnsteady === true) return 'its source answers differently each time'
    const nowMs = loop.now()
    const differsMs = nowMs - wrongFor * 1_000
    if (!(database.versionAt(key, differsMs) > version)) return 'the source had no other value'
    const { bounded, own } = history.required(key, name)
    const executed = this.#executed.get(key) ?? []
    const within = (sinceMs: number, untilMs: number): boolean =>
      executed.some(([atMs, newer]) => newer > version && atMs > sinceMs && atMs < untilMs)
    switch (cause) {
      case 'not-applied':
        return version < Math.max(bounded, own) ? undefined : 'the cache kept its promises'
      case 'not-invalidated':
        return within(differsMs, nowMs - boundMs) ? 'it was invalidated meanwhile' : undefined
      case 'stored-again':
        return within(differsMs - SAMPLE_MS - boundMs, nowMs) ? undefined : 'it was not invalidated meanwhile'
    }
  }

  #versionOf(key: string, print: string): number {
    const known = this.#versions.get(print)
    if (known !== undefined) return known
    for (let version = 0; version <= this.#parts.database.version(key); version++)
      this.#versions.set(fingerprint(version), version)
    return this.#versions.get(print) ?? -1
  }
}
