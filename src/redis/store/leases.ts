import { StoreUnavailableError } from '../../core/errors.ts'
import type { LeaseRequest, RemoteAcquired } from '../../core/remote/operations.ts'
import type { Cooldown } from '../../core/store.ts'
import type { Arg, RedisClient, Reply } from '../connection/client.ts'
import { tagBytes, type EntryBytes } from './entry-bytes.ts'
import { exchange, groupsOf, type Call } from './exchange.ts'
import type { KeyNames } from './key-names.ts'
import { LONGEST_RUN } from './operations.ts'
import { accept, asBytes, asList, asNumber, asText } from './replies.ts'
import { acquire } from '../scripts/entries/acquire.ts'
import { release } from '../scripts/entries/release.ts'
import { renew } from '../scripts/entries/renew.ts'

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
    const groups = groupsOf(requests, keyOf, this.#names, LONGEST_RUN)
    const calls: Call[] = []
    for (const group of groups) {
      const keys: string[] = []
      const args: Arg[] = [milliseconds(leaseMs)]
      for (const index of group) {
        const { key, token, hidden, freshUpToMs = 0, force } = requests[index]!
        this.#names.pushOf(key, this.#names.partitionOf(key), keys, false)
        const freshUpTo = freshUpToMs === Infinity ? 'inf' : String(freshUpToMs)
        args.push(token, tagBytes(hidden), freshUpTo, force === true ? '1' : '')
      }
      calls.push({ route: keys[1]!, command: { script: acquire, keys, args } })
    }
    const replies = await exchange(this.#client, calls, 'bytes', withinMs)
    const answers: RemoteAcquired[] = []
    let isAnswered = false
    for (const [position, group] of groups.entries()) {
      const reply = replies[position]!
      const list = reply instanceof Error ? undefined : asList(reply)
      if (list !== undefined) isAnswered = true
      for (const [at, index] of group.entries())
        answers[index] = list === undefined ? 'unanswered' : this.#answer(list[at]!, requests[index]!.key)
    }
    if (!isAnswered) accept(replies[0] ?? null)
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
    const [cooldownMs, text] =
      cooldown === undefined ? ['', ''] : [milliseconds(cooldown.forMs), cooldown.cooldown]
    const calls = groupsOf(leases, keyOf, this.#names, LONGEST_RUN).map((group): Call => {
      const keys = group.map((index) => this.#names.lease(leases[index]!.key))
      const args = [cooldownMs, text, ...group.map((index) => leases[index]!.token)]
      return { route: keys[0]!, command: { script: release, keys, args } }
    })
    for (const reply of await exchange(this.#client, calls, 'text')) asNumber(reply)
  }

  #answer(reply: Reply, key: string): RemoteAcquired {
    if (reply === 1) return 'granted'
    if (reply === 0) return 'busy'
    if (typeof reply === 'string' || ArrayBuffer.isView(reply)) return { cooldown: asText(reply).slice(1) }
    const [bytes, leftMs] = asList(reply)
    if (bytes === undefined || leftMs === undefined) throw new StoreUnavailableError('an answer is cut off')
    return this.#entries.found(asBytes(bytes), key, asNumber(leftMs))
  }
}

function keyOf({ key }: { readonly key: string }): string {
  return key
}

function milliseconds(ms: number): string {
  return String(Math.max(1, Math.ceil(Math.min(ms, Number.MAX_SAFE_INTEGER))))
}
