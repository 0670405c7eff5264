import { sameEpoch } from '../../../coherence/log/seen-heads.ts'
import type { Random } from '../../../core/time/clock.ts'
import { StoreUnavailableError } from '../../../core/errors.ts'
import { drawGeneration } from '../../../core/remote/generations.ts'
import type {
  Epoch,
  EpochId,
  Head,
  RemoteHead,
  Replayable,
  Rotation,
  SyncReply,
} from '../../../core/remote/log.ts'
import type { RedisClient, Reply } from '../../connection/client.ts'
import { exchange, type Call } from '../exchange.ts'
import type { KeyNames } from '../key-names.ts'
import { epochText, kindLetters, randomText, readHead, readLogEntry } from './log-format.ts'
import { readLogged, readPlace, type LoggedCalls } from './logged-calls.ts'
import { accept, asList, asText, asTextOrNull, isWrongType } from '../replies.ts'
import type { PrefixScans } from '../scans.ts'
import { logFlush } from '../../scripts/log/log-flush.ts'
import { replay } from '../../scripts/log/replay.ts'
import { rotate } from '../../scripts/log/rotate.ts'
import { sync } from '../../scripts/log/sync.ts'

/** The maximum number of operations in one replay, because a server does nothing else meanwhile. */
const LONGEST_REPLAY = 1_000

/** The operations on logs themselves. */
export class Logs {
  readonly #client: RedisClient
  readonly #names: KeyNames
  readonly #logged: LoggedCalls
  readonly #scans: PrefixScans
  readonly #random: Random

  constructor(client: RedisClient, names: KeyNames, logged: LoggedCalls, scans: PrefixScans, random: Random) {
    this.#client = client
    this.#names = names
    this.#logged = logged
    this.#scans = scans
    this.#random = random
  }

  async heads(
    partitions: readonly string[] = [...this.#names.partitions, this.#names.generationPartition],
  ): Promise<ReadonlyMap<string, RemoteHead>> {
    const replies = await exchange(
      this.#client,
      partitions.map((partition) => {
        const name = this.#names.sequence(partition)
        return { route: name, command: { args: ['GET', name] } }
      }),
      'text',
    )
    // The other servers of a cluster may have answered.
    if (!replies.some(isAnswered)) accept(replies[0] ?? null)
    const heads = new Map<string, RemoteHead>()
    for (const [index, partition] of partitions.entries()) {
      const reply = replies[index]!
      // A key of another type is no sequence of ours, and the next sync replaces it.
      const head = isWrongType(reply)
        ? undefined
        : isAnswered(reply)
          ? readHead(asTextOrNull(reply))
          : 'unanswered'
      if (head !== undefined) heads.set(partition, head)
    }
    return heads
  }

  async sync(partition: string, since: Head | undefined, ifNone: EpochId): Promise<SyncReply> {
    const route = this.#names.sequence(partition)
    const known = since === undefined ? ['', '0'] : [epochText(since.epoch), String(since.counter)]
    const command = {
      script: sync,
      keys: [route, this.#names.log(partition)],
      args: [...known, String(ifNone.ordinal), randomText(ifNone)],
    }
    const [reply] = await exchange(this.#client, [{ route, command }], 'text')
    const [sequence, ...lines] = asList(reply!)
    const head = readHead(asText(sequence!))
    if (head === undefined) throw new StoreUnavailableError('the server answered no sequence')
    if (since === undefined || !sameEpoch(since.epoch, head.epoch)) return { head, entries: [] }
    const entries = lines.flatMap((line) => readLogEntry(asText(line)) ?? [])
    return { head, entries: entries.filter(({ counter }) => counter > since.counter) }
  }

  async rotate(partition: string, seen: Epoch, next: EpochId): Promise<Rotation> {
    const route = this.#names.sequence(partition)
    const command = {
      script: rotate,
      keys: [route, this.#names.log(partition)],
      args: [epochText(seen), epochText({ ...next, birth: seen.birth })],
    }
    const [reply] = await exchange(this.#client, [{ route, command }], 'text')
    const [won, sequence] = asList(reply!)
    return { won: won === 1, head: readHead(asText(sequence!)) }
  }

  /** Removes all keys of a prefix. The caller must still send the calls that log a flush, even if nothing matched. */
  async deleteByPrefix(prefix: string): Promise<{
    readonly count: number
    readonly calls: readonly Call[]
    read(replies: readonly Reply[]): ReadonlyMap<string, Head>
  }> {
    const scanned = await this.#scans.removeAll(prefix, this.#logged.unique())
    const { partitions } = this.#names
    const calls = partitions.map((partition): Call => {
      const keys = [this.#names.mark(partition, scanned.deletion)]
      const command = this.#logged.command(logFlush, partition, keys, [scanned.mark])
      return { route: this.#names.sequence(partition), command }
    })
    const read = (replies: readonly Reply[]): ReadonlyMap<string, Head> => {
      const heads = new Map<string, Head>()
      for (const [index, partition] of partitions.entries()) {
        const { epoch, list } = readLogged(replies[index]!)
        if (list[1] !== 1) throw new StoreUnavailableError('the server changed between scan and log')
        const head = readPlace(epoch, list[2])?.head
        if (head !== undefined) heads.set(partition, head)
      }
      return heads
    }
    return { count: scanned.count, calls, read }
  }

  async replay(partition: string, epoch: Epoch, entries: readonly Replayable[]): Promise<Head | undefined> {
    let head: Head | undefined
    // Also runs without entries, because the answer tells the head of the log.
    for (let first = 0; first === 0 || first < entries.length; first += LONGEST_REPLAY) {
      head = await this.#replay(partition, epoch, entries.slice(first, first + LONGEST_REPLAY))
      if (head === undefined) return undefined
    }
    return head
  }

  async #replay(partition: string, epoch: Epoch, entries: readonly Replayable[]): Promise<Head | undefined> {
    const keys: string[] = []
    const args: string[] = [epochText(epoch)]
    for (const { kind, item, stamp, counter } of entries) {
      const isKey = kind === 'key'
      if (isKey) keys.push(this.#names.value(item), this.#names.lease(item))
      else keys.push(this.#names.tag(item), this.#names.tag(item))
      const generation = isKey ? '' : drawGeneration(this.#random)
      args.push(kindLetters[kind], item, stamp, String(counter), generation)
    }
    const route = this.#names.sequence(partition)
    const command = this.#logged.command(replay, partition, keys, args)
    const [reply] = await exchange(this.#client, [{ route, command }], 'text')
    const { epoch: present, list } = readLogged(reply!)
    return list[1] === 1 ? readPlace(present, list[2])?.head : undefined
  }
}

function isAnswered(reply: Reply): boolean {
  return !(reply instanceof Error) || isWrongType(reply)
}
