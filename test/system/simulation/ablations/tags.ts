import { PartitionState } from '../../../../src/coherence/partition-state.ts'
import { GenerationSource } from '../../../../src/coherence/tags/generation-source.ts'
import { GenerationTable } from '../../../../src/coherence/tags/generation-table.ts'
import { InFlight } from '../../../../src/coherence/in-flight.ts'
import { TagQueue } from '../../../../src/coherence/queues/tag-queue.ts'
import { GENERATION_PARTITION } from '../../../../simulator/server/server-tags.ts'
import type { Generations } from '../../../../src/core/remote/generations.ts'
import type { RemoteOp } from '../../../../src/core/remote/operations.ts'
import { overRemote, replaced, type Ablation } from './switches.ts'

// Invalidations of tags are the most frequent, because sets and nearer ends would hide a missed one.
const OF_TAGS = {
  changes: ['delete', 'delete', 'take', 'prefix', 'many', 'tag', 'tag', 'tag', 'clear'],
} as const

// The table that asks the server at this moment, and the generation that it has to draw.
let asking: GenerationTable | undefined
let forced: string | undefined
const noteAsking = (table: GenerationTable): void => {
  asking = table
}

/** The generation that every tag has at first, and again if its record is missing. */
const FIRST = '0'.repeat(24)

export const TAGS: readonly Ablation[] = [
  {
    rule: 'C7, local entries',
    without: 'an entry kept by a node is served whatever its generations are',
    mix: 'none',
    world: { traffic: OF_TAGS },
    patch: replaced(GenerationTable, 'agrees', () => () => 'fresh'),
  },
  {
    rule: 'C7, entries of the server',
    without: 'an entry of the server is served whatever its generations are',
    mix: 'none',
    world: { traffic: OF_TAGS },
    patch: replaced(GenerationSource, 'shows', () => () => 'fresh'),
  },
  {
    rule: 'C7, before the load',
    without: 'an entry bears the generations that its tags have when it is stored',
    mix: 'lost messages',
    world: {
      traffic: OF_TAGS,
      rewire: overRemote((remote) => ({
        async write(ops) {
          const latest = async (generations: Generations): Promise<Generations> => {
            const tags = generations.map(({ tag }) => tag)
            const records = await remote.generations(
              tags,
              tags,
              tags.map(() => 60_000),
            )
            return tags.map((tag, index) => ({ tag, value: records[index]!.value }))
          }
          const late = ops.map(async (op): Promise<RemoteOp> =>
            op.kind === 'fill' && op.generations !== undefined
              ? { ...op, generations: await latest(op.generations) }
              : op,
          )
          return remote.write(await Promise.all(late))
        },
      })),
    },
  },
  {
    rule: 'C7, missing records',
    without: 'a tag whose record is missing has the same generation again',
    mix: 'evictions',
    world: {
      traffic: { ...OF_TAGS, ttls: ['1h'] },
      rewire: overRemote((remote) => ({
        generations: async (tags, _, livesMs) =>
          remote.generations(
            tags,
            tags.map(() => FIRST),
            livesMs,
          ),
      })),
    },
  },
  {
    rule: 'named tags',
    without: 'tags that a loader names have the generations of the moment at which it names them',
    mix: 'lost messages',
    seed: 57,
    world: { extended: true, traffic: OF_TAGS },
    patch: replaced(
      GenerationSource,
      'unchangedSince',
      () =>
        async function present(this: GenerationSource, tags, _, lifeMs, untilMs) {
          return this.current(new Map(tags.map((tag) => [tag, lifeMs])), untilMs)
        },
    ),
  },
  {
    rule: 'C1, generations',
    without: 'an entry with tags is served though the generation partition is not synced',
    mix: 'cut lines',
    seed: 113,
    world: { traffic: OF_TAGS },
    patch: replaced(
      PartitionState,
      'isSynced',
      (isSynced) =>
        function isEver(this: PartitionState, ...args) {
          return this.name === GENERATION_PARTITION || isSynced.apply(this, args)
        },
    ),
  },
  {
    rule: 'C2, tags',
    without: 'an invalidated tag leaves the loads alive that bear it',
    mix: 'none',
    world: { traffic: OF_TAGS },
    patch: replaced(InFlight, 'killTagged', () => () => []),
  },
  {
    rule: 'C2, records',
    without: 'a record enters the table although its tag was invalidated while it was read',
    mix: 'uneven lines',
    world: {
      traffic: OF_TAGS,
      rewire: overRemote((remote) => ({
        async generations(tags, ifNone, livesMs) {
          const table = asking!
          const records = await remote.generations(tags, ifNone, livesMs)
          for (const [index, tag] of tags.entries()) {
            forced = records[index]!.value
            table.provisional([tag])
            forced = undefined
          }
          return records
        },
      })),
    },
    patch: replaced(
      GenerationTable,
      'draw',
      (draw) =>
        function watched(this: GenerationTable) {
          noteAsking(this)
          return forced ?? draw.call(this)
        },
    ),
  },
  {
    rule: 'C6, table',
    without: 'a flush of the generation partition leaves the table as it is',
    mix: 'cut lines',
    world: { logLimit: 1, traffic: { changes: ['tag'], changePauseMs: 300, ttls: ['1h'] } },
    patch: replaced(GenerationTable, 'flush', () => () => undefined),
  },
  {
    rule: 'C10',
    without: 'a token counts for reached on every node',
    mix: 'lost messages',
    world: { traffic: OF_TAGS },
    patch: replaced(PartitionState, 'hasReached', () => () => true),
  },
  {
    rule: 'outbox, tags',
    without: 'a tag whose invalidation got no answer is forgotten',
    mix: 'lost requests and replies',
    world: { traffic: OF_TAGS },
    patch: replaced(TagQueue, 'add', () => () => true),
  },
  {
    rule: 'outbox, newer tags',
    without: 'what is heard of a queued tag leaves the generation that it has here',
    mix: 'lost requests and replies',
    world: { traffic: { changes: ['tag'] } },
    patch: replaced(TagQueue, 'renew', () => () => undefined),
    unseen: 'the queue is sent again within a heartbeat, and few clients read with a token until then',
  },
]
