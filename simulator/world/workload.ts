import type { Duration } from '../../src/options/durations.ts'
import { Bursts } from './bursts.ts'
import { Changing } from './changing.ts'
import { Calls, type ClientParts, type WorldNode } from './clients.ts'
import { Promises } from '../judge/promises.ts'
import { Reading } from '../judge/reading.ts'

/** The key of the counter. */
export const COUNTER = 'n'

/** The clients of a simulated service. They read, load, change the database and then the cache, and count. */
export class Workload {
  readonly #parts: ClientParts
  readonly #calls: Calls
  readonly #reading: Reading
  readonly #changing: Changing
  readonly #bursts: Bursts
  readonly #changePauseMs: number

  constructor(parts: ClientParts) {
    this.#parts = parts
    const { random, traffic, history } = parts
    // Frequent changes make operations meet. If changes are rare and entries live long, nothing hides a missed one.
    const changePauseMs = random.pick([60, 300, 1_200])
    const ttls: readonly Duration[] = random.pick([['100ms', '2s', '1h'], ['1h']])
    const ttl = (): Duration => random.pick(traffic.ttls ?? ttls)
    this.#changePauseMs = traffic.changePauseMs ?? changePauseMs
    this.#calls = new Calls(parts)
    const promises = new Promises(history, random)
    this.#reading = new Reading(parts, this.#calls, promises, ttl)
    this.#changing = new Changing(parts, this.#calls, promises, ttl)
    this.#bursts = new Bursts(parts, this.#calls)
  }

  get reads(): number {
    return this.#reading.reads
  }

  get loads(): number {
    return this.#reading.loads
  }

  get mutations(): number {
    return this.#changing.mutations
  }

  /** Number of calls that have not been answered. */
  get open(): number {
    return this.#calls.open
  }

  start(): void {
    const { traffic, burstsPerSecond } = this.#parts
    const { readPauseMs = 12 } = traffic
    for (const place of this.#parts.nodes.keys()) {
      void this.#repeat(place, readPauseMs, (node) => this.#reading.read(node))
      void this.#repeat(place, readPauseMs, (node) => this.#reading.read(node))
      void this.#repeat(place, this.#changePauseMs, (node) => this.#changing.change(node))
      void this.#repeat(place, 200, (node) => this.#count(node))
      if (burstsPerSecond > 0)
        void this.#repeat(place, 2_000 / burstsPerSecond, (node) => this.#bursts.run(node))
    }
  }

  async #repeat(place: number, pauseMs: number, act: (node: WorldNode) => Promise<void>): Promise<void> {
    const { loop, random, nodes, isOn } = this.#parts
    while (isOn()) {
      await loop.sleep(random.between(0, pauseMs))
      await nodes[place]!.network.process.running()
      if (!isOn()) return
      const work = act(nodes[place]!)
      // Now and then a client does not wait for its call.
      if (!random.chance(0.1)) await work
    }
  }

  async #count(node: WorldNode): Promise<void> {
    const { random, counter, history, deadlineMs } = this.#parts
    const start = counter.begin()
    const isIncrement = random.chance(0.5)
    const what = isIncrement ? `increment ${COUNTER}` : `get ${COUNTER}`
    const number = await this.#calls.run(node, what, deadlineMs, () =>
      isIncrement ? node.cache.increment(COUNTER, 1, '1d') : node.cache.get(COUNTER),
    )
    history.note(node.name, `${what} = ${String(number)}`)
    if (typeof number === 'number' && !node.dead) counter.seen(number, start, isIncrement)
  }
}
