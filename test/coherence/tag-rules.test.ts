import { afterEach, describe, expect, it } from 'vitest'
import { Follower } from '../../src/coherence/follower.ts'
import { GenerationTable } from '../../src/coherence/generations.ts'
import { Markers } from '../../src/coherence/markers.ts'
import { TagQueue } from '../../src/coherence/tag-queue.ts'
import type { Generations, RemoteOp, RemoteStore } from '../../src/core/remote-store.ts'
import { FAULT_MIXES } from '../../src/testing/simulation/mixes.ts'
import type { Rewiring } from '../../src/testing/simulation/node.ts'
import type { WorldOptions } from '../../src/testing/simulation/world.ts'
import { firstViolations, replaceMethod } from './ablation.ts'

const SEEDS = 200
const OF_TAGS = expect.stringMatching(/^(I1|I4|I9|I10|I14)$/)

/** The remote store with some of its methods replaced. */
function withMethods(remote: RemoteStore, methods: Partial<RemoteStore>): RemoteStore {
  return new Proxy(remote, {
    get(target, name: keyof RemoteStore) {
      const value: unknown = methods[name] ?? Reflect.get(target, name)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

// The followers of generation partitions, as soon as their tables are asked anything.
const followers = new Set<unknown>()

// The table that asks the server at this moment, and what it is made to draw.
let asking: GenerationTable | undefined
let forced: string | undefined

function noteAsking(table: GenerationTable): void {
  asking = table
}

const watchTables = (): (() => void) =>
  replaceMethod(GenerationTable.prototype, 'draw', (original) => {
    return function (this: GenerationTable): unknown {
      noteAsking(this)
      return forced ?? Reflect.apply(original, this, [])
    }
  })

interface Rule {
  readonly rule: string
  readonly mix: string
  readonly ablate: () => readonly (() => void)[]
  readonly rewire?: Rewiring
  readonly breaks?: unknown
  /** What else of the world shows it. */
  readonly world?: Partial<WorldOptions>
}

const RULES: readonly Rule[] = [
  {
    rule: 'an entry kept here is judged by its generations',
    mix: 'none',
    ablate: () => [replaceMethod(GenerationTable.prototype, 'agrees', () => () => 'fresh')],
  },
  {
    rule: 'an entry of the server is judged by its generations',
    mix: 'none',
    ablate: () => [replaceMethod(GenerationTable.prototype, 'shows', () => () => 'fresh')],
  },
  {
    rule: 'an entry with tags is served only while the generation partition is synced, too',
    mix: 'cut lines',
    ablate: () => [
      ...(['agrees', 'current', 'shows'] as const).map((name) =>
        replaceMethod(GenerationTable.prototype, name, (original) => {
          return function (this: GenerationTable, ...args: unknown[]): unknown {
            followers.add(this.follower)
            return Reflect.apply(original, this, args)
          }
        }),
      ),
      replaceMethod(Follower.prototype, 'isSynced', (original) => {
        return function (this: Follower, ...args: unknown[]): unknown {
          return followers.has(this) || Reflect.apply(original, this, args)
        }
      }),
    ],
  },
  {
    rule: 'an invalidated tag detaches the loads that bear it',
    mix: 'none',
    ablate: () => [replaceMethod(Markers.prototype, 'killTagged', () => () => [])],
  },
  {
    rule: 'an entry bears the generations from before its load',
    mix: 'lost messages',
    ablate: () => [],
    rewire: {
      remote: (remote) =>
        withMethods(remote, {
          async write(ops, replicas) {
            const latest = async ({ generations }: { generations?: Generations | undefined }) => {
              const tags = (generations ?? []).map(({ tag }) => tag)
              const records = await remote.generations(tags, tags)
              return tags.map((tag, index) => ({ tag, value: records[index]!.value }))
            }
            const late = ops.map(async (op): Promise<RemoteOp> =>
              op.kind === 'fill' && op.generations ? { ...op, generations: await latest(op) } : op,
            )
            return remote.write(await Promise.all(late), replicas)
          },
        }),
    },
  },
  {
    rule: 'a queued tag has a generation of its own here',
    mix: 'lost requests and replies',
    ablate: () => [replaceMethod(TagQueue.prototype, 'add', () => () => true)],
  },
  {
    rule: 'a queued tag has another generation as soon as more is known of it',
    mix: 'lost requests and replies',
    world: { traffic: { changes: ['tag'] } },
    ablate: () => [replaceMethod(TagQueue.prototype, 'renew', () => () => undefined)],
  },
  {
    rule: 'a record that was being read when its tag was invalidated does not enter the table',
    mix: 'uneven lines',
    ablate: () => [watchTables()],
    rewire: {
      remote: (remote) =>
        withMethods(remote, {
          async generations(tags, ifNone) {
            const table = asking!
            const records = await remote.generations(tags, ifNone)
            for (const [index, tag] of tags.entries()) {
              forced = records[index]!.value
              table.provisional([tag])
              forced = undefined
            }
            return records
          },
        }),
    },
  },
  {
    rule: 'a flush of the generation partition empties the table',
    mix: 'cut lines',
    world: { logLimit: 1, traffic: { changes: ['tag'], changePauseMs: 300, ttls: ['1h'] } },
    ablate: () => [replaceMethod(GenerationTable.prototype, 'flush', () => () => undefined)],
  },
  {
    rule: 'a load stores nothing with a tag that its loader has named and that has changed since it began',
    mix: 'lost messages',
    world: { extended: true },
    ablate: () => [
      replaceMethod(GenerationTable.prototype, 'unchangedSince', () => {
        return async function (this: GenerationTable, tags: readonly string[]): Promise<unknown> {
          return this.current(tags)
        }
      }),
    ],
  },
  {
    rule: 'a token that is not reached skips what is kept here',
    mix: 'lost messages',
    ablate: () => [replaceMethod(Follower.prototype, 'hasReached', () => () => true)],
    breaks: 'I4',
  },
]

describe('without the rule that', () => {
  const restore: (() => void)[] = []

  afterEach(() => {
    for (const undo of restore.splice(0)) undo()
    followers.clear()
  })

  it.each(RULES)('$rule, some seed goes wrong', async ({ mix, ablate, rewire, world, breaks = OF_TAGS }) => {
    restore.push(...ablate())

    expect(
      await firstViolations(FAULT_MIXES[mix]!, SEEDS, { ...world, ...(rewire && { rewire }) }),
    ).toContainEqual(breaks)
  })
})

describe('with all rules', () => {
  it.each(Object.keys(FAULT_MIXES))('no seed goes wrong under %s', async (mix) => {
    expect(await firstViolations(FAULT_MIXES[mix]!, 5)).toEqual([])
  })
})
