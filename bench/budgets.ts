import { SIZE_LIMITS } from '../tools/size-limits.ts'

/** A part of `npm run bench`: a benchmark and what its figures must not exceed. */
export interface Part {
  readonly name: string
  /** The program and its arguments, after `node`. */
  readonly args: readonly string[]
  /** Arguments of a run that only shows that it works. */
  readonly quick: readonly string[]
  /** Where its peers are installed. */
  readonly peers?: string
  readonly budgets: readonly Budget[]
}

export interface Budget {
  /** The name under which the benchmark notes the figure. */
  readonly figure: string
  readonly bound: number
  /** Whether the figure has to reach the bound; otherwise it must not exceed it. */
  readonly isAtLeast?: boolean
  /** The sentence that says why it is missed, if it is. */
  readonly reason?: string | undefined
}

const most = (figure: string, bound: number, reason?: string): Budget => ({ figure, bound, reason })
const least = (figure: string, bound: number, reason?: string): Budget => ({
  figure,
  bound,
  reason,
  isAtLeast: true,
})

const SHARED_BY_CACHE_MANAGER =
  'cache-manager keeps values in a Map without a bound, and gives the stored object itself to every reader.'
const CHEAP_COMMANDS =
  'node-redis sends a small command for less than a deadline, the order of calls and the figures cost; over ioredis each is within its bound.'

const TSX = ['--import', 'tsx']

/** The budgets. Figures of time are ratios within one run. */
export const PARTS: readonly Part[] = [
  {
    name: 'memory',
    args: [...TSX, 'bench/memory/main.ts', '--budgets'],
    quick: ['--rounds', '1', '--sizes', '10000'],
    peers: 'bench',
    budgets: [
      least('get, 10,000 entries, in speeds of lru-cache', 1.3),
      least('update, 10,000 entries, in speeds of lru-cache', 1.5),
      least('evict, 10,000 entries, in speeds of lru-cache', 0.7),
      least('get, 1,000,000 entries, in speeds of lru-cache', 1.3),
      least('evict, 1,000,000 entries, in speeds of lru-cache', 0.85),
      most('bytes an entry with ttl, 1,000,000 entries', 70),
      least(
        'awaited hit, string, cheaper than the cheaper of bentocache and cache-manager',
        30,
        SHARED_BY_CACHE_MANAGER,
      ),
      least(
        'awaited hit, number, cheaper than the cheaper of bentocache and cache-manager',
        30,
        SHARED_BY_CACHE_MANAGER,
      ),
      most('awaited hit, object of 1 KB, in structuredClone', 0.5),
    ],
  },
  {
    name: 'hit ratio',
    args: [...TSX, 'bench/hit-ratio/main.ts', '--no-picture'],
    quick: ['patterns'],
    budgets: [
      least('mean share of the optimum, recorded traces', 0.92),
      most('points below LRU, worst cell of traces', 3),
      most('points below LRU, worst cell of patterns', 3),
    ],
  },
  {
    name: 'Redis',
    args: [...TSX, 'bench/redis/main.ts', '--bytes', '100', '--in-flight', '50', '--own'],
    quick: ['--rounds', '1'],
    peers: 'bench/redis',
    budgets: [
      most('client CPU, get, worst client, in the bare one', 1.25, CHEAP_COMMANDS),
      most('client CPU, set, worst client, in the bare one', 1.3, CHEAP_COMMANDS),
      most('client CPU, getMany(100), worst client, in the bare one', 1.3),
      most('client CPU, setMany(100), worst client, in the bare one', 1.15),
      most('server CPU, set, nobody follows', 3.5),
      most('server CPU, set, logged and published', 6),
      most('server CPU, acquire', 1.6),
      most('server CPU, counter with ttl', 1.6),
      most('server CPU, limiter by gcra', 2.3),
    ],
  },
  {
    name: 'two tiers',
    args: [...TSX, 'bench/tiered/local.ts'],
    quick: ['--rounds', '1'],
    budgets: ['no tags', 'two tags', 'no tags, in a namespace', 'two tags, in a namespace'].map((kind) =>
      most(`hit in L1, ${kind}, in hits of memory`, 1.5),
    ),
  },
  {
    name: 'values',
    args: [...TSX, 'bench/serialization/run.mjs', '--own'],
    quick: ['--rounds', '5'],
    peers: 'bench/serialization',
    budgets: [
      ...['smallObject', 'page', 'list'].flatMap((value) => [
        most(`${value}: write, in JSON`, 1.15),
        most(`${value}: read, in JSON`, 1.05),
      ]),
      most('deepTree: write, in JSON', Number.parseInt(process.versions.node, 10) >= 24 ? 1.5 : 1.35),
      most('deepTree: read, in JSON', 1.05),
      most('pageWithDates: write, in JSON', 1.4),
      most('pageWithDates: read, in JSON', 1.5),
      most('100 KB Buffer: write, in copies', 1.5),
    ],
  },
  {
    name: 'invalidation',
    args: [...TSX, 'bench/invalidation/main.ts'],
    quick: ['--entries', '20000'],
    budgets: [most('promises of invalidation that are broken', 0)],
  },
  {
    name: 'commands',
    args: [...TSX, 'bench/costs/main.ts'],
    quick: [],
    budgets: [
      most('commands a second: idle, two tiers, one server', 2),
      most('commands a second: idle, two tiers, cluster of three', 2),
      most('commands a hit in memory, 11,000 entries with a tag each', 0.01),
      most('commands a caller, 400 callers of one lock on Redis', 20),
    ],
  },
  {
    name: 'size',
    args: [...TSX, 'tools/check-size.ts'],
    quick: [],
    // The ratchet of decision 0117; the plan had 30 KB and 8.5 KB.
    budgets: [
      most('memory entry, bytes minified and compressed', SIZE_LIMITS.memoryEntry),
      most('BoundedMap alone, bytes minified and compressed', SIZE_LIMITS.boundedMap),
    ],
  },
  {
    name: 'package',
    args: [...TSX, 'tools/check-package.ts'],
    quick: [],
    budgets: [most('package as installed, bytes', 2_500_000), most('package as installed, files', 400)],
  },
  {
    name: 'path of a hit',
    args: [...TSX, 'tools/house.ts'],
    quick: [],
    budgets: [most('functions that a hit in L1 of two tiers passes', 25)],
  },
]
