// Plays a program on one engine, so that every call has its place in one order of all of them.
import type { BaseCache } from 'cachette'
import { until } from '../../support/until.ts'
import { Probe } from './probe.ts'
import { scopesOf, type Actor, type Step } from './step.ts'
import { told, toldError } from './told.ts'

/** An engine that programs are played on. */
export interface Subject {
  readonly name: string
  readonly cache: BaseCache
  readonly detour: Actor['detour']
  /** Makes it ask at once for all that a read may need, by one hit. */
  prime?(): Promise<void>
  /** Empties the memory of the process alone, and returns the number of its own writes. */
  dropLocal?(): Promise<number>
}

/** The answers by the index of their steps, and the figures at the end. */
export interface Played {
  readonly answers: ReadonlyMap<number, string>
  readonly stats: string
}

interface UnderWay {
  readonly step: Step
  readonly probe: Probe
  done: Promise<void>
  isDone: boolean
  /** Waits for the loader of another call. */
  isJoined: boolean
  /** Something that concerns any key was called since. */
  isOvertaken: boolean
}

const NOW = Promise.resolve()
const FAST = { everyMs: 1, timeoutMs: 15_000 }

class Player {
  readonly #subject: Subject
  readonly #actor: Actor
  readonly #answers = new Map<number, string>()
  // Figures of calls that belong to no program.
  readonly #own: Record<string, number> = {}
  readonly #probes = new Map<number, Probe>()
  readonly #underWay = new Set<UnderWay>()
  readonly #ready: [Promise<void>, Promise<void>] = [NOW, NOW]

  constructor(subject: Subject, name: string) {
    this.#subject = subject
    this.#actor = { scopes: scopesOf(subject.cache, name), token: '', detour: subject.detour }
  }

  async play(steps: readonly Step[]): Promise<Played> {
    Object.assign(this.#own, figures(this.#subject.cache))
    for (const step of steps) {
      await this.#ready[step.caller]
      await this.#makeWay(step)
      await (step.kind === 'load' ? this.#load(step) : this.#call(step))
    }
    await this.#settleAll()
    const answers = new Map<number, string>()
    for (const [index, answer] of this.#answers) {
      const calls = this.#probes.get(index)!.calls.map((about) => `, loader: ${about}`)
      answers.set(index, `${answer}${calls.join('')}`)
    }
    const since = Object.entries(figures(this.#subject.cache)).map(
      ([name, count]) => [name, count - (this.#own[name] ?? 0)] as const,
    )
    // A value that could not be stored in an earlier program is none of this one.
    const stats = since.filter(([name, count]) => count !== 0 || COUNTS.some((one) => one === name))
    return {
      answers,
      stats: told(Object.fromEntries(stats)),
    }
  }

  // Waits for what the place of a step would depend on else.
  async #makeWay(step: Step): Promise<void> {
    if (step.kind === 'alone') return this.#settleAll()
    if (step.opens) await this.#release(() => true)
    if (step.drops && !this.#isHeld(() => true)) {
      await this.#settleAll()
      await this.#dropLocal()
    }
    const meets = ({ step: other }: UnderWay): boolean =>
      step.isWide || other.isWide || other.keys.some((key) => step.keys.includes(key))
    if (step.kind === 'load') {
      const isAlone = step.isAfter || step.method === 'getOrSetMany'
      await this.#release((one) => meets(one) && (one.isOvertaken || isAlone))
    }
    // A tag that only the loader names is compared with the log, where an invalidation has its place when it is answered.
    if (step.text.includes('setTags')) await this.#settle((one) => one.step.isWide)
    // A caller that shares a load of several processes begins another one if its value is refused.
    const isForced = step.method === 'refresh' || step.text.includes('forceRefresh')
    if ((step.kind !== 'load' || isForced) && [...this.#underWay].some((one) => one.isJoined && meets(one)))
      await this.#release(() => true)
    // Whether it voids loads is known to the engine in memory alone. On a server their values may be stored before it.
    if (step.method === 'expire' || step.text.includes('ifAbsent: true')) await this.#release(meets)
    if (!step.isAwaited && this.#subject.prime !== undefined) {
      await this.#subject.prime()
      this.#own['hits'] = (this.#own['hits'] ?? 0) + 1
    }
    for (const one of this.#underWay) if (isUnplaced(one) && meets(one)) await one.done
  }

  async #call(step: Step): Promise<void> {
    if (step.isWide) for (const one of this.#underWay) one.isOvertaken = true
    const { done } = this.#start(step, new Probe(step.pace))
    if (step.isAwaited) this.#ready[step.caller] = done
    // With a token, the server is asked once more, and perhaps for a tag.
    if (step.kind === 'alone' || step.isAfter) await done
    // Its own message empties the memory of the node once more, and voids loads, whenever it comes.
    if (step.isPrefix) await this.#dropLocal()
  }

  // Loads under way may be counted meanwhile, so that its own writes alone are left out.
  async #dropLocal(): Promise<void> {
    const stored = (await this.#subject.dropLocal?.()) ?? 0
    this.#own['writes'] = (this.#own['writes'] ?? 0) + stored
  }

  async #load(step: Step): Promise<void> {
    const { cache } = this.#subject
    const isMet = this.#isHeld(({ step: other }) => other.keys.some((key) => step.keys.includes(key)))
    const probe = new Probe(isMet && step.pace === 'gated' ? 'async' : step.pace)
    const { coalesced, refreshes } = cache.stats()
    const one = this.#start(step, probe)
    if (probe.pace !== 'gated' && !isMet) {
      if (step.isAwaited) this.#ready[step.caller] = one.done
      return
    }
    await until(
      `a loader or an answer of ${step.text}`,
      () => one.isDone || probe.calls.length > 0 || cache.stats().coalesced > coalesced,
      FAST,
    )
    if (cache.stats().refreshes !== refreshes) await this.#askedAgain(step)
    one.isJoined = isMet && !one.isDone && probe.calls.length === 0
    if (step.isAwaited && !one.isJoined && !probe.isHeld) this.#ready[step.caller] = one.done
  }

  #start(step: Step, probe: Probe): UnderWay {
    const { refreshes } = this.#subject.cache.stats()
    const work = async (): Promise<void> => {
      let answer: string
      try {
        answer = await step.run(this.#actor, probe)
      } catch (error) {
        answer = `rejects: ${toldError(error)}`
      }
      if (this.#subject.cache.stats().refreshes !== refreshes && step.kind === 'load')
        await this.#refreshed(one)
      this.#answers.set(step.index, answer)
      one.isDone = true
      if (!probe.isHeld) this.#underWay.delete(one)
    }
    const one: UnderWay = { step, probe, isDone: false, isJoined: false, isOvertaken: false, done: NOW }
    this.#underWay.add(one)
    this.#probes.set(step.index, probe)
    one.done = work()
    return one
  }

  // A key that a tag has made stale is asked for several times before its load in the background begins. These come
  // after it on the line.
  async #askedAgain({ keys }: Step): Promise<void> {
    for (let round = 0; round < 4; round++) await this.#actor.scopes.root.explain(keys[0]!)
  }

  // A load in the background has ended, or is held.
  async #refreshed({ step, probe }: UnderWay): Promise<void> {
    await until(
      `the refresh of ${step.text} to end`,
      async () => {
        if (probe.isHeld) return true
        if (probe.running > 0) return false
        for (const key of step.keys) {
          const { underWay } = await this.#actor.scopes.root.explain(key)
          if (underWay.length > 0 && !this.#isHeld((one) => one.step.keys.includes(key))) return false
        }
        await turns()
        return true
      },
      FAST,
    )
  }

  #isHeld(which: (one: UnderWay) => boolean): boolean {
    return [...this.#underWay].some((one) => one.probe.isHeld && which(one))
  }

  // Lets loaders go on, and waits until their calls and those that share them have ended.
  async #release(which: (one: UnderWay) => boolean): Promise<void> {
    const held = [...this.#underWay].filter((one) => one.probe.isHeld && which(one))
    if (held.length === 0) return
    // One that was called before refuses their values, and may take another number of turns on each engine. One of
    // several keys may wait for its turn of another key meanwhile.
    await this.#settle(({ step }) => step.isWide || (step.kind === 'plain' && step.keys.length > 1))
    for (const { probe } of held) probe.open()
    for (const one of held) {
      await until(`the loader of ${one.step.text} to end`, () => one.probe.running === 0, FAST)
      await one.done
      await this.#refreshed(one)
      this.#underWay.delete(one)
    }
    // Those that share a loader that is still held go on waiting.
    for (const one of this.#underWay) {
      const waitsOn = this.#isHeld(({ step }) => step.keys.some((key) => one.step.keys.includes(key)))
      if (one.isJoined && !waitsOn) await one.done
    }
  }

  async #settle(which: (one: UnderWay) => boolean): Promise<void> {
    for (const one of this.#underWay) if (which(one)) await one.done
  }

  async #settleAll(): Promise<void> {
    await this.#release(() => true)
    for (const { done } of this.#underWay) await done
  }
}

// Whether a call has no certain place before those of its keys that come after it.
function isUnplaced({ step, probe, isDone, isJoined }: UnderWay): boolean {
  if (isDone || isJoined || probe.isHeld) return false
  // A step without tags that meets an entry with tags is sent twice. So is a value for an absent key, and later calls wait
  // for its answer. Meanwhile a load may store what they would refuse.
  const isSentTwice = step.method === 'increment' || step.method === 'decrement'
  return step.kind === 'load' || isSentTwice || step.text.includes('ifAbsent: true')
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
}

const COUNTS = [
  'hits',
  'misses',
  'loads',
  'loadErrors',
  'refreshes',
  'coalesced',
  'refusedFills',
  'writes',
  'invalidations',
  'errors',
  'unreadable',
] as const

function figures(cache: BaseCache): Readonly<Record<string, number>> {
  const stats = cache.stats()
  const named = Object.entries({ ...stats.staleServed, ...stats.unstorable })
  return Object.fromEntries([...COUNTS.map((name) => [name, stats[name]] as const), ...named])
}

export async function play(subject: Subject, name: string, steps: readonly Step[]): Promise<Played> {
  return new Player(subject, name).play(steps)
}
