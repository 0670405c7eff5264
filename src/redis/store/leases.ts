import { StoreUnavailableError } from '../../core/errors.ts'
import type { LeaseRequest, RemoteAcquired } from '../../core/remote-store.ts'
import type { Cooldown } from '../../core/store.ts'
import type { RedisClient, Reply } from '../connection/client.ts'
import { tagBytes, type EntryBytes } from './entry-bytes.ts'
import { exchange, groupBy, slices } from './exchange.ts'
import type { KeyNames } from './key-names.ts'
import { accept, asBytes, asList, asNumber, asText } from './replies.ts'
import { acquire } from '../scripts/entries/acquire.ts'
import { release } from '../scripts/entries/release.ts'
import { renew } from '../scripts/entries/renew.ts'

/** The maximum number of leases in one script, because a server does nothing else meanwhile. */
const LONGEST_RUN = 125

/** The rights to fill keys, and cool-downs. */
export class Leases {
  readonly #client: RedisClient
  readonly #names: KeyNames
  readonly #entries: EntryBytes

  constructor(client: RedisClient, names: KeyNames, entries: EntryBytes) {
    this.#client = client
    this.#names = names
    this.#entries = entries
  }

  /** Acquires leases. A request without an answer is `unanswered`. @throws if no request is answered */
  async acquire(
    requests: readonly LeaseRequest[],
    leaseMs: number,
    withinMs?: number,
  ): Promise<readonly RemoteAcquired[]> {
    const groups = this.#groups(requests)
    const replies = await exchange(
      this.#client,
      groups.map((group) => ({
        route: this.#names.lease(group[0]!.item.key),
        command: {
          script: acquire,
          keys: group.flatMap(({ item: { key } }) => [this.#names.value(key), this.#names.lease(key)]),
          args: [milliseconds(leaseMs), ...group.flatMap(({ item }) => argsOf(item))],
        },
      })),
      'bytes',
      withinMs,
    )
    const answers: RemoteAcquired[] = []
    if (replies.every((reply) => reply instanceof Error)) accept(replies[0] ?? null)
    for (const [position, group] of groups.entries()) {
      const reply = replies[position]!
      if (reply instanceof Error) {
        for (const { index } of group) answers[index] = 'unanswered'
        continue
      }
      const ofGroup = asList(reply)
      for (const [at, { item, index }] of group.entries())
        answers[index] = this.#answer(ofGroup[at]!, item.key)
    }
    return answers
  }

  async renew(key: string, token: string, leaseMs: number): Promise<boolean> {
    const lease = this.#names.lease(key)
    const command = { script: renew, keys: [lease], args: [token, milliseconds(leaseMs)] }
    const [reply] = await exchange(this.#client, [{ route: lease, command }], 'text')
    return asNumber(reply!) === 1
  }

  async release(
    leases: readonly { readonly key: string; readonly token: string }[],
    cooldown?: Cooldown & { readonly forMs: number },
  ): Promise<void> {
    const groups = this.#groups(leases)
    const replies = await exchange(
      this.#client,
      groups.map((group) => ({
        route: this.#names.lease(group[0]!.item.key),
        command: {
          script: release,
          keys: group.map(({ item }) => this.#names.lease(item.key)),
          args: [
            cooldown === undefined ? '' : milliseconds(cooldown.forMs),
            cooldown?.cooldown ?? '',
            ...group.map(({ item }) => item.token),
          ],
        },
      })),
      'text',
    )
    for (const reply of replies) asNumber(reply)
  }

  #answer(reply: Reply, key: string): RemoteAcquired {
    if (reply === 1) return 'granted'
    if (reply === 0) return 'busy'
    if (typeof reply === 'string' || reply instanceof Uint8Array) return { cooldown: asText(reply).slice(1) }
    const [bytes, leftMs] = asList(reply)
    if (bytes === undefined || leftMs === undefined) throw new StoreUnavailableError('an answer is cut off')
    return this.#entries.found(asBytes(bytes), key, asNumber(leftMs))
  }

  // In a cluster a script has keys of one partition only.
  #groups<T extends { readonly key: string }>(
    items: readonly T[],
  ): readonly (readonly { readonly item: T; readonly index: number }[])[] {
    const byPartition = groupBy(items, ({ key }) => this.#names.partitionOf(key))
    return [...byPartition.values()].flatMap((group) => slices(group, LONGEST_RUN))
  }
}

function argsOf({ token, hidden, freshUpToMs = 0, force }: LeaseRequest): readonly (string | Uint8Array)[] {
  return [
    token,
    tagBytes(hidden),
    freshUpToMs === Infinity ? 'inf' : String(freshUpToMs),
    force === true ? '1' : '',
  ]
}

function milliseconds(ms: number): string {
  return String(Math.max(1, Math.ceil(Math.min(ms, Number.MAX_SAFE_INTEGER))))
}
