import type { CoherenceSettings, Policy } from '../../src/coherence/settings.ts'
import type { Message } from '../../src/core/remote/log.ts'
import { AgeClock } from '../../src/core/time/age-clock.ts'
import { Audits, type AuditFindings, type AuditWorld } from './audits.ts'
import { AnswerWatch } from '../judge/answer-watch.ts'
import { CounterHistory } from '../judge/counter-history.ts'
import { Database } from '../server/database.ts'
import { DutyWatch } from '../judge/duty-watch.ts'
import { EventLoop } from '../machine/event-loop.ts'
import { withExtendedCalls } from './extended-calls.ts'
import { Failures } from './failures.ts'
import { HiddenWatch } from '../judge/hidden-watch.ts'
import { History, type Happening, type Outran, type Violation } from '../judge/history.ts'
import { HostClock } from '../machine/host-clock.ts'
import type { Keyspace } from '../server/keyspace.ts'
import { KeptWatch } from '../judge/kept-watch.ts'
import { LeaseWatch } from '../judge/lease-watch.ts'
import { Lifetimes } from '../server/lifetimes.ts'
import { Network, type Faults } from '../machine/network.ts'
import { SimulatedNode, type Rewiring, type Versioned } from './node.ts'
import { SeededRandom } from '../../src/testing/random.ts'
import type { Process } from './process.ts'
import { Replication } from '../server/replication.ts'
import { SimulatedServer, type Invalidated } from '../server/server.ts'
import { isTagged, SPACE_TAG, targetsOf, type Target } from './targets.ts'
import type { Traffic } from './traffic.ts'
import { COUNTER, Workload } from './workload.ts'
import { viewOf, type Changed, type WorldNode } from './clients.ts'
import { LOAD_LIMIT_MS } from '../judge/reading.ts'

/** Options of a world. */
export interface WorldOptions {
  /** Seed of every random choice: the same seed gives the same history. */
  readonly seed: number
  /** The faults and their frequency: one of `FAULT_MIXES`, or any other. */
  readonly faults: Faults
  /** Policy of the nodes while they can't reach the server. */
  readonly policy: Policy
  /** Whether the happenings are kept, for a timeline. */
  readonly recording?: boolean
  /** Whether the hosts' wall clocks are set back all the time. The default is `jump`. */
  readonly wallClocks?: 'jump' | 'steady'
  /** Partitions of the keys, instead of the seed's choice: 1 or 2. */
  readonly partitions?: number
  /** The most entries that a partition's log keeps, instead of the seed's choice: 2, 8 or 1,000. */
  readonly logLimit?: number
  /** Lifetime of sequences and logs that no node renews; a day, unless given. In use, none of them expires. */
  readonly logLifetimeMs?: number
  /** Traffic of the clients; a bit of everything, unless given. */
  readonly traffic?: Traffic
  /** Settings of the nodes, instead of the world's own. The judge uses them, too. */
  readonly settings?: Partial<CoherenceSettings>
  /** Whether entries get grace and row versions, invalidations keep stale entries, and loaders name tags. */
  readonly extended?: boolean
  /** Replaces parts of a node. A rule is switched off by this to show that it is needed. */
  readonly rewire?: Rewiring
  /** Whether each node has an auditor; none, unless given. */
  readonly audit?: AuditWorld | undefined
}

/** Result of a run. */
export interface WorldReport {
  /** The seed of the run. */
  readonly seed: number
  /** Number of values that were read and judged. */
  readonly reads: number
  /** Number of calls of a loader for one key. */
  readonly loads: number
  /** Number of changes of the database, each followed by one of the cache. */
  readonly mutations: number
  /** Number of loaded values that were not stored because something had happened meanwhile. */
  readonly refusedFills: number
  /** Number of reads that were served by the tier of a node. */
  readonly localHits: number
  /** Number of faults: losses and failures. */
  readonly faults: number
  /** Number of invalidations that failovers lost. */
  readonly lost: number
  /** The longest time until an invalidation lost by a failover was made again. */
  readonly slowestReplayMs: number
  /** Breaches of invariants; none in a correct run. */
  readonly violations: readonly Violation[]
  /** The happenings, if the world was recorded. */
  readonly happenings: readonly Happening[]
  /** The findings of the auditors, if there are any. */
  readonly audit?: AuditFindings
}

const SETTINGS: Omit<CoherenceSettings, 'policy' | 'journalLimit'> = {
  maxLagMs: 200,
  maxStaleMs: 600,
  heartbeatMs: 40,
  leaseMs: 300,
  longestLeaseMs: 2_000,
  outboxLimit: 1_000,
  suspectBits: 2 ** 14,
  journalMs: 60_000,
  generationLimit: 1_000,
}
/** An outbox that is outrun. */
const SMALL_OUTBOX = { outboxLimit: 1, suspectBits: 2 ** 10 }
const DEADLINE_MS = 60
const DURATION_MS = 4_000
const QUIET_MS = 1_000
const NODES = 3
// The tolerated inaccuracy of clocks. It is as short beside the bounds as a second is beside `maxLag`.
const SLACK_MS = 60
// Time before the end of its sequence within which the loss of an invalidation may go unnoticed, because replicas lag.
const VANISHED_BEFORE_MS = 1_000
/** The key that no client reads or changes before the end. */
const LAST_KEY = 'last'

type Node = WorldNode

/**
 * Nodes with the shipped code, a server, a database and their network, in one thread and under one seed. The same seed
 * gives the same history.
 */
export class World {
  readonly #options: WorldOptions
  readonly #loop = new EventLoop()
  readonly #random: SeededRandom
  readonly #history: History
  readonly #partitions: number
  readonly #logLimit: number
  readonly #replication: Replication
  readonly #nodes: Node[]
  readonly #database = new Database(() => this.#loop.now())
  readonly #targets: readonly Target[]
  readonly #leases: LeaseWatch
  readonly #answers: AnswerWatch
  // Whether a line keeps the order of everything sent on it, and whether the nodes rely on that.
  readonly #keepsOrder: boolean
  readonly #isOrdered: boolean
  // Undefined if a failover may bring back hidden entries.
  readonly #hidden: HiddenWatch | undefined
  // Undefined if a failover may lose set values.
  readonly #kept: KeptWatch | undefined
  // Undefined if a failover may lose acknowledged invalidations.
  readonly #duties: DutyWatch | undefined
  // Undefined if a failover may lose the effects of `expire`.
  readonly #lifetimes: Lifetimes | undefined
  readonly #counter: CounterHistory
  readonly #workload: Workload
  readonly #audits: Audits | undefined
  // The versions of keys that each entry of a log has invalidated, by the entry's first stamp.
  readonly #logged = new Map<string, ReadonlyMap<string, number>>()
  readonly #clocks = new Map<string, HostClock>()
  // The last moment at which a sequence or a log was found to be gone, by partition.
  readonly #vanishedMs = new Map<string, number>()
  #faulty = true
  #injected = 0
  #deaths = 0
  #lost = 0
  #refusedFills = 0
  #localHits = 0
  #unanswered = 0

  constructor(options: WorldOptions) {
    this.#options = options
    this.#random = new SeededRandom(options.seed)
    // I17: unnoticed time of suspensions adds to the bound.
    const unnoticedMs = options.faults.suspensionsPerSecond > 0 ? SLACK_MS : 0
    const boundMs = (options.policy === 'strict' ? SETTINGS.maxLagMs : SETTINGS.maxStaleMs) + unnoticedMs
    this.#history = new History(() => this.#loop.now(), boundMs, options.recording ?? false)
    const { faults, audit, seed } = options
    this.#audits =
      audit &&
      new Audits({
        options: audit,
        seed,
        boundMs,
        loop: this.#loop,
        history: this.#history,
        database: this.#database,
      })
    const failsOver = faults.promotionsPerSecond + faults.restartsPerSecond + faults.rollbacksPerSecond > 0
    if (failsOver) this.#history.binds = (name, key, version) => this.#binds(name, key, version)
    const now = (): number => this.#loop.now()
    // The grant may arrive at its deadline, and the last renewal be as late as any request.
    const lateMs = DEADLINE_MS + Math.max(faults.delayMs[1], faults.pauseMs[1])
    this.#hidden = failsOver ? undefined : new HiddenWatch(this.#history)
    this.#kept = failsOver ? undefined : new KeptWatch(this.#history)
    this.#duties = failsOver ? undefined : new DutyWatch(this.#history)
    this.#lifetimes = failsOver ? undefined : new Lifetimes(boundMs)
    this.#leases = new LeaseWatch(this.#history, now, SETTINGS.longestLeaseMs, lateMs)
    this.#answers = new AnswerWatch(this.#history)
    const hasBursts = faults.burstsPerSecond > 0
    this.#keepsOrder = hasBursts && this.#random.chance(0.5)
    this.#isOrdered = !hasBursts || this.#keepsOrder
    this.#counter = new CounterHistory((message) => {
      if (!failsOver) this.#history.violated('I3', message)
    })
    this.#partitions = 1 + this.#random.below(2)
    // A journal of half the log must hold everything that a failover may lose.
    this.#logLimit = this.#random.pick(failsOver ? [256, 1_000] : [2, 8, 1_000])
    // A node must recognise its own messages by a journal of half the log.
    if (faults.burstsPerSecond > 0) this.#logLimit = 1_000
    if (faults.bulksPerSecond > 0) this.#logLimit = this.#random.pick([8, 32, 128])
    if (options.partitions !== undefined) this.#partitions = options.partitions
    if (options.logLimit !== undefined) this.#logLimit = options.logLimit
    this.#replication = new Replication(this.#loop, this.#random, faults, (id, items) =>
      this.#makeServer(id, items),
    )
    this.#nodes = Array.from({ length: NODES }, (_, index) => this.#makeNode(`n${index}`))
    const { traffic = {} } = options
    this.#targets = targetsOf(this.#random, traffic.keys, traffic.tagged ?? true)
    this.#workload = new Workload({
      targets: this.#targets,
      traffic,
      keepsTokens: (beganMs) => !failsOver || this.#history.settledMs + boundMs <= beganMs,
      loop: this.#loop,
      random: this.#random,
      database: this.#database,
      history: this.#history,
      lifetimes: this.#lifetimes,
      counter: this.#counter,
      nodes: this.#nodes,
      isOn: () => this.#faulty,
      deadlineMs: DEADLINE_MS,
      repeats: faults.requestDuplication > 0,
      latestMs: 2 * faults.pauseMs[1] + 10,
      invalidated: (node, change) => this.#onChanged(node, change),
      leases: this.#leases,
      answers: this.#answers,
      unnoticedMs,
      burstsPerSecond: faults.burstsPerSecond,
      audits: this.#audits,
    })
  }

  /** Runs the world to its end and judges it. */
  async run(): Promise<WorldReport> {
    this.#workload.start()
    this.#break()
    await this.#loop.runUntil(DURATION_MS)
    this.#faulty = false
    await this.#loop.runUntil(DURATION_MS + QUIET_MS)
    await this.#judgeQuiet()
    for (const node of this.#nodes) this.#retire(node)
    const { reads, loads, mutations } = this.#workload
    return {
      seed: this.#options.seed,
      reads,
      loads,
      mutations,
      refusedFills: this.#refusedFills,
      localHits: this.#localHits,
      faults: this.#injected + this.#lost,
      lost: this.#history.lost,
      slowestReplayMs: this.#history.slowestReplayMs,
      violations: this.#history.violations,
      happenings: this.#history.happenings,
      ...(this.#audits && { audit: this.#audits.findings }),
    }
  }

  #makeServer(id: string, items: Keyspace): SimulatedServer {
    const server: SimulatedServer = new SimulatedServer({
      id,
      items,
      now: () => this.#loop.now(),
      partitions: this.#partitions,
      logLimit: this.#logLimit,
      logLifetimeMs: this.#options.logLifetimeMs,
      onSequenceExpired: (partition) => {
        if (this.#faulty) this.#history.violated('I19', `the sequence of ${partition} has expired in use`)
      },
      publish: (message) => {
        const { origin, stamp, partition } = message
        if (origin !== undefined && items.hasLogged(origin) && !this.#hasVanished(partition, 0))
          this.#history.violated(
            'I19',
            `${id} was given again what it had not lost: ${message.kind} ${message.item}`,
          )
        items.recordLogged(partition, this.#standsFor(message, server), origin ?? stamp)
        for (const node of this.#nodes) if (node.listensTo === server) node.network.deliver(message)
      },
      onInvalidated: (invalidated) => this.#onInvalidated(invalidated),
      onShortened: (key, ttlMs) => this.#lifetimes?.shortened(key, ttlMs),
      leases: this.#leases,
      kept: this.#kept,
      onFilled: (key, text, _, token) => {
        this.#leases.filled(key, token)
        const [version, origin] = JSON.parse(text) as Versioned
        this.#history.stored(origin)
        const present = items.invalidatedVersion(key)
        if (version < present)
          this.#history.violated(
            'I1',
            `${id} stored version ${version} of ${key} after ${present} was invalidated`,
          )
      },
    })
    return server
  }

  #coveredBy(
    { kind, item, partition }: Pick<Invalidated | Message, 'kind' | 'item' | 'partition'>,
    server: SimulatedServer,
  ): readonly Target[] {
    return this.#targets.filter((target) => {
      if (kind === 'tag') return isTagged(target, item)
      if (kind === 'key') return target.key === item
      // A flush stands for no entry that a replay could repeat.
      return kind === 'prefix' && target.key.startsWith(item) && server.partitionOf(target.key) === partition
    })
  }

  // A replay removes present values, and stands for the invalidations of its first log entry.
  #standsFor(message: Message, server: SimulatedServer): ReadonlyMap<string, number> {
    const { stamp, origin = stamp } = message
    const known = this.#logged.get(origin)
    if (known !== undefined) return known
    const keys = this.#coveredBy(message, server).map(({ key }) => key)
    const versions = new Map(keys.map((key) => [key, server.items.invalidatedVersion(key)]))
    this.#logged.set(origin, versions)
    return versions
  }

  // A journal holds half a log, so older entries of the log may be in no journal. Invalidations that were not logged
  // are in none. Without its sequence or its log a server tells of no loss.
  #outran(server: SimulatedServer): Outran {
    const { items, partitions, generationPartition } = server
    return (key, version, atMs) => {
      const since = items.loggedSince([...partitions, generationPartition], key, version)
      if (since === undefined || since >= this.#logLimit / 2) return true
      return [server.partitionOf(key), generationPartition].some((one) => this.#hasVanished(one, atMs))
    }
  }

  // Whether a log, or its sequence, was gone so shortly before a failover of that moment, or after it, that it can't
  // tell.
  #hasVanished(partition: string, atMs: number): boolean {
    return this.#mayLose && (this.#vanishedMs.get(partition) ?? -Infinity) > atMs - VANISHED_BEFORE_MS
  }

  // Makes writes of many processes: more than a log keeps, and none of them concerns the keys of the nodes.
  #writeBulk(): void {
    const { bulkLogs } = this.#options.faults
    const count = Math.ceil(this.#logLimit * this.#random.between(...bulkLogs))
    const entries = Array.from({ length: count }, (_, index) => [`bulk${index}`, [0, 0] as const] as const)
    const { name, cache } = this.#random.pick(this.#nodes)
    if (this.#random.chance(0.5)) {
      this.#history.note(name, `sets ${count} other keys`)
      void cache.setMany(entries, '1h')
      return
    }
    const { primary } = this.#replication
    this.#history.note(primary.id, `is given ${count} other keys`)
    for (const [key] of entries) primary.write({ kind: 'set', key, text: '[0,0]', ttlMs: 3_600_000 })
  }

  #vanish(): void {
    const { primary } = this.#replication
    const partition = this.#random.pick([...primary.partitions, primary.generationPartition])
    for (const kind of this.#random.pick([['s'], ['g'], ['s', 'g']])) {
      this.#history.note(primary.id, `has ${kind}:${partition} expire`)
      primary.evict(() => `${kind}:${partition}`)
    }
  }

  #noteMissingSequences(primary: SimulatedServer): void {
    const { partitions, generationPartition } = primary
    const heads = primary.heads()
    for (const partition of [...partitions, generationPartition])
      if (!heads.has(partition)) this.#vanishedMs.set(partition, this.#loop.now())
  }

  #onInvalidated(invalidated: Invalidated): void {
    const { kind, item, server, atMs } = invalidated
    // An entry that is logged anew after a loss removes its key, including a counter that an increment had made.
    if (item === COUNTER) this.#counter.reset()
    const { primary } = this.#replication
    if (kind === 'tag') this.#hidden?.invalidated(server, item)
    for (const { key } of this.#coveredBy(invalidated, server)) {
      const version = this.#database.versionAt(key, atMs)
      server.items.recordInvalidated(key, version)
      this.#history.note(server.id, `executes ${kind} ${item}: ${key} up to version ${version}`)
      if (server === primary) {
        this.#audits?.executed(key, version)
        this.#history.executed(key, version)
      } else {
        const present = primary.items.invalidatedVersion(key)
        this.#history.executedInVain(key, version, present, this.#outran(server))
      }
    }
  }

  // Its node holds it back, or it is in effect. Otherwise the server that executed it has lost it.
  #binds(name: string, key: string, version: number): boolean {
    if (this.#isInEffect(key, version)) return true
    const node = this.#nodes.find((one) => one.name === name)
    return node !== undefined && this.#holdsBack(node, key)
  }

  // Whether the node takes the server's entry of the key for absent.
  #holdsBack({ store }: Node, key: string): boolean {
    const tags = this.#targets.find((target) => target.key === key)?.tags ?? []
    return store.isQueued(key) || [...tags, SPACE_TAG].some((tag) => store.isTagQueued(tag))
  }

  #judgeDuties({ name }: Node, holdsBack: (key: string) => boolean): void {
    this.#duties?.judge(name, this.#replication.primary, holdsBack)
  }

  #isInEffect(key: string, version: number): boolean {
    return this.#replication.primary.items.invalidatedVersion(key) >= version
  }

  // Whether a server may be followed by one that knows less.
  get #mayLose(): boolean {
    const { promotionsPerSecond, restartsPerSecond, rollbacksPerSecond } = this.#options.faults
    return promotionsPerSecond + restartsPerSecond + rollbacksPerSecond > 0
  }

  #onChanged(node: Node, { key, version, beganMs, acknowledged, answeredFor, by }: Changed): void {
    // If no server loses anything, an acknowledged call was executed, or refused for something newer.
    const inEffect = !this.#mayLose || this.#isInEffect(key, version)
    const outran = this.#outran(node.remote.server)
    const details = { inEffect, beganMs, by, outran }
    this.#history.invalidated(key, version, node.name, acknowledged, details)
    if (answeredFor) this.#duties?.answered(node.name, key, { version, beganMs })
    for (const one of this.#nodes) this.#judgeDuties(one, (name) => this.#holdsBack(one, name))
  }

  #makeNode(name: string): Node {
    const { faults, policy, rewire, settings } = this.#options
    const seed = this.#random.below(2 ** 31)
    const random = new SeededRandom(seed)
    const note = (what: string): void => this.#history.note(name, what)
    const line = new Network(
      this.#loop,
      random,
      this.#whileFaulty(faults),
      DEADLINE_MS,
      note,
      this.#keepsOrder,
    )
    const node = new SimulatedNode({
      name,
      server: this.#replication.primary,
      line,
      clock: this.#clockOf(name, line.process, seed),
      timers: line.process,
      random,
      settings: {
        ...SETTINGS,
        ...(faults.partialOutagesPerSecond > 0 && SMALL_OUTBOX),
        policy,
        journalLimit: this.#logLimit / 2,
        ...settings,
      },
      rewire: this.#options.extended === true ? this.#extended(random, rewire) : rewire,
      remote: { isOrdered: this.#isOrdered, sent: (ops) => this.#answers.sent(name, ops) },
    })
    this.#audits?.watch(node)
    return node
  }

  #clockOf(name: string, process: Process, seed: number): AgeClock {
    const { wallClocks = 'jump', faults } = this.#options
    // I17 counts from the moment at which the wall clock shows a suspension. A clock that is set back meanwhile does
    // not show it.
    const isSetBack = wallClocks === 'jump' && faults.suspensionsPerSecond === 0
    const clock = new HostClock(this.#loop, process, seed, isSetBack)
    this.#clocks.set(name, clock)
    return new AgeClock(clock, SLACK_MS)
  }

  // A failover may lose the newer row for which an older one was refused. Then no server has either.
  #extended(random: SeededRandom, rewire: Rewiring = {}): Rewiring {
    const rowVersions = !this.#mayLose
    return {
      ...rewire,
      store: (store) => withExtendedCalls(rewire.store?.(store) ?? store, random, rowVersions),
    }
  }

  // The process ends in the middle of its work, and another one takes its place.
  #killOne(): void {
    const place = this.#random.below(this.#nodes.length)
    const node = this.#nodes[place]!
    this.#history.note(node.name, 'dies')
    this.#history.died(node.name, (key, version) => this.#isInEffect(key, version))
    node.network.kill()
    this.#retire(node)
    this.#nodes[place] = this.#makeNode(`n${place}.${++this.#deaths}`)
    // A sequence goes while the new node asks for it.
    if (this.#options.faults.vanishingsPerSecond > 0)
      this.#loop.set(() => this.#vanish(), this.#random.between(0, 5))
  }

  #retire(node: Node): void {
    this.#audits?.retire(node)
    this.#lost += node.network.lost
    this.#unanswered += node.network.unanswered
    this.#refusedFills += node.cache.stats().refusedFills
    this.#localHits += node.store.localHits
    node.stop()
  }

  // The faults end with the load, so that the quiet afterwards can be judged.
  #whileFaulty(faults: Faults): Faults {
    const isFaulty = (): boolean => this.#faulty
    return new Proxy(faults, {
      get(target, name: keyof Faults) {
        if (isFaulty() || name === 'delayMs' || name === 'pauseMs') return target[name]
        return 0
      },
    })
  }

  #break(): void {
    const { evictionsPerSecond, cutsPerSecond, cutMs, deafnessPerSecond, deafMs } = this.#options.faults
    const { outagesPerSecond, outageMs, deathsPerSecond } = this.#options.faults
    const { sideEvictionsPerSecond, stopsPerSecond, stopMs } = this.#options.faults
    const { suspensionsPerSecond, suspensionMs, jumpsPerSecond, jumpMs } = this.#options.faults
    const { vanishingsPerSecond, bulksPerSecond } = this.#options.faults
    const often = (perSecond: number, fault: () => void): void => {
      if (perSecond === 0) return
      const next = (): void => {
        this.#injected++
        fault()
        schedule()
      }
      // A fault that would come after the end of the faults gets no timer, so none is left over.
      const schedule = (): void => {
        const delayMs = this.#random.between(0, 2_000 / perSecond)
        if (this.#loop.now() + delayMs <= DURATION_MS) this.#loop.set(next, delayMs)
      }
      schedule()
    }
    const evict = (isMeant: (name: string) => boolean): void => {
      const { primary } = this.#replication
      const name = primary.evict((names) => {
        const meant = names.filter(isMeant)
        return meant.length === 0 ? undefined : this.#random.pick(meant)
      })
      this.#history.note('server', `evicts ${name}`)
      if (name === `v:${COUNTER}`) this.#counter.reset()
      if (name?.startsWith('s:') === true || name?.startsWith('g:') === true)
        this.#vanishedMs.set(name.slice(2), this.#loop.now())
      this.#hidden?.judge(primary)
    }
    often(evictionsPerSecond, () => evict(() => true))
    often(sideEvictionsPerSecond, () => evict((name) => !name.startsWith('v:')))
    often(stopsPerSecond, () => {
      const { name, network } = this.#random.pick(this.#nodes)
      const ms = this.#random.between(...stopMs)
      this.#history.note(name, `is stopped for ${ms.toFixed(0)} ms`)
      network.process.stop()
      this.#loop.set(() => network.process.go(), ms)
    })
    often(suspensionsPerSecond, () => {
      const { name, network } = this.#random.pick(this.#nodes)
      if (!network.process.suspend()) return
      const ms = this.#random.between(...suspensionMs)
      this.#history.note(name, `is suspended for ${ms.toFixed(0)} ms`)
      network.reconnect()
      this.#loop.set(() => {
        network.process.resume()
        // The line is dead, and no event reports it.
        const deadMs = this.#random.between(...cutMs)
        network.cut(deadMs)
        this.#loop.set(() => network.resubscribe(), deadMs)
      }, ms)
    })
    often(jumpsPerSecond, () => {
      const { name } = this.#random.pick(this.#nodes)
      const ms = this.#random.between(...jumpMs)
      this.#history.note(name, `has its wall clock set ahead by ${ms.toFixed(0)} ms`)
      this.#clocks.get(name)!.setAhead(ms)
    })
    often(vanishingsPerSecond, () => this.#vanish())
    often(bulksPerSecond, () => this.#writeBulk())
    often(outagesPerSecond, () => {
      const ms = this.#random.between(...outageMs)
      this.#history.note('server', `is out of reach for ${ms.toFixed(0)} ms`)
      for (const { network } of this.#nodes) network.cut(ms)
    })
    const { partialOutagesPerSecond, partialOutageMs } = this.#options.faults
    often(partialOutagesPerSecond, () => {
      const ms = this.#random.between(...partialOutageMs)
      const partition = this.#random.pick(this.#replication.primary.partitions)
      const { name, remote } = this.#random.pick(this.#nodes)
      this.#history.note(name, `does not reach partition ${partition} for ${ms.toFixed(0)} ms`)
      remote.away.add(partition)
      this.#loop.set(() => remote.away.delete(partition), ms)
    })
    often(deathsPerSecond, () => this.#killOne())
    often(cutsPerSecond, () => this.#random.pick(this.#nodes).network.cut(this.#random.between(...cutMs)))
    often(deafnessPerSecond, () =>
      this.#random.pick(this.#nodes).network.deafen(this.#random.between(...deafMs)),
    )
    const failures = new Failures(this.#loop, this.#random, this.#options.faults, {
      replication: this.#replication,
      nodes: this.#nodes,
      history: this.#history,
      outran: (server) => this.#outran(server),
      failedOver: (primary) => this.#noteMissingSequences(primary),
    })
    for (const { perSecond, strike } of failures.kinds()) often(perSecond, strike)
  }

  // I13 and I14: without faults nothing is left over, and every node sees the last version and keeps it.
  async #judgeQuiet(): Promise<void> {
    // Loads that hang wait for each other: they have the time that I12 gives them. One of a call of several keys may go on
    // after the call, because another one has failed.
    const patienceMs = this.#loop.now() + LOAD_LIMIT_MS
    const isLoading = (): boolean => this.#nodes.some(({ store }) => store.pending.markers > 0)
    while ((this.#workload.open > 0 || isLoading()) && this.#loop.now() < patienceMs) {
      await this.#loop.runUntil(this.#loop.now() + QUIET_MS / 4)
    }
    await this.#loop.runUntil(this.#loop.now() + QUIET_MS)
    if (this.#audits !== undefined) {
      for (const node of this.#nodes) this.#audits.retire(node)
      await this.#loop.runUntil(this.#loop.now() + 4 * DEADLINE_MS)
    }
    const { open } = this.#workload
    if (open > 0) this.#history.violated('I12', `${open} calls are not answered`)
    const leases = this.#replication.primary.names().filter((name) => name.startsWith('l:'))
    if (leases.length > 0)
      this.#history.violated('I13', `the server still has the leases ${leases.join(', ')}`)
    for (const { name, store } of this.#nodes) {
      const { markers, outbox } = store.pending
      if (markers > 0 || outbox > 0)
        this.#history.violated('I13', `${name} has ${markers} markers, ${outbox} queued keys left`)
    }
    const isAnswered = this.#unanswered === 0 && this.#nodes.every(({ network }) => network.unanswered === 0)
    // A caller that waits for a process that has died loads without a lease in the end. A read is a miss if its turn
    // does not come in time.
    const waitsForTurns = this.#options.faults.burstsPerSecond > 0
    if (isAnswered && this.#deaths === 0 && !waitsForTurns) {
      this.#leases.judge(this.#injected === 0)
    }
    this.#hidden?.judge(this.#replication.primary)
    this.#kept?.judge(this.#replication.primary)
    for (const node of this.#nodes) this.#judgeDuties(node, () => false)
    for (const node of this.#nodes) await this.#judgeLast(node)
    for (const [key, version] of this.#history.stillLost())
      this.#history.violated('I5', `version ${version} of ${key} was invalidated, lost, and never replayed`)
    for (const { cache } of this.#nodes) void cache.close()
    await this.#loop.runUntil(this.#loop.now() + 1_000)
    if (this.#loop.pending > 0) this.#history.violated('I13', `${this.#loop.pending} timers are left`)
  }

  async #judgeLast(node: Node): Promise<void> {
    const { name, cache, store } = node
    const wait = async <T>(answer: Promise<T>): Promise<T> => {
      await this.#loop.runUntil(this.#loop.now() + 4 * DEADLINE_MS)
      return answer
    }
    for (const target of this.#targets) {
      const value = await wait(viewOf(node, target).get<Versioned>(target.name))
      const present = value === undefined ? 0 : this.#history.latest(target.key, value[1])
      if (value !== undefined && value[0] < present) {
        this.#history.violated(
          'I14',
          `${name} still reads version ${value[0]} of ${target.key}; ${present} was invalidated`,
        )
      }
    }
    await wait(cache.getOrSet(LAST_KEY, () => [0, 0] as const, '1h'))
    // If the sequence was gone, the answer to the fill was of no known epoch. Then the first read is kept.
    await wait(cache.get(LAST_KEY))
    const { localHits } = store
    await wait(cache.get(LAST_KEY))
    if (store.localHits === localHits)
      this.#history.violated('I14', `${name} does not serve its own tier again`)
  }
}
