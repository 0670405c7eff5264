import type { Command, Connection, RedisClient, Reply, ReplyForm } from '../connection/client.ts'
import type { KeyNames } from './key-names.ts'

/** A command, and a name of its partition, which routes it to a server. */
export interface Call {
  readonly route: string
  readonly command: Command
  /** About the bytes of its values; default 0. */
  readonly bytes?: number | undefined
}

/** The maximum number of key names in one row: about 125 entries. */
const LONGEST_ROW = 400
/** The maximum bytes of values in a row, without its last call. */
const LARGEST_ROW = 1024 * 1024
/** The number of rows of a server that are under way at a time. */
const ROWS_UNDER_WAY = 4

// The number of partly sent exchanges, by client.
const unsent = new WeakMap<RedisClient, number>()

function addUnsent(client: RedisClient, count: number): void {
  unsent.set(client, (unsent.get(client) ?? 0) + count)
}

/** Whether a call over this client is only partly sent. */
export function hasUnsent(client: RedisClient): boolean {
  return (unsent.get(client) ?? 0) > 0
}

interface Asked {
  readonly form: ReplyForm
  readonly withinMs: number | undefined
}

interface Placed {
  readonly call: Call
  readonly index: number
  readonly connection: Connection
}

/**
 * Sends calls and returns the replies in their order. An error of a call, or the reason for no answer, is its reply, so
 * the promise never rejects. Calls for one server go out in rows. Each row has a deadline of its own, and a few are
 * under way at a time. After the first row without an answer nothing more is sent to that server, not even by a later
 * `send`.
 */
export class Exchange {
  readonly #client: RedisClient
  readonly #lost = new Map<object, Error>()

  constructor(client: RedisClient) {
    this.#client = client
  }

  async send(calls: readonly Call[], form: ReplyForm, withinMs?: number): Promise<readonly Reply[]> {
    const replies: Reply[] = calls.map(() => null)
    const byServer = new Map<object, Placed[]>()
    for (const [index, call] of calls.entries()) {
      const connection = this.#client.connectionFor(call.route)
      const { server } = connection
      const placed = byServer.get(server)
      if (placed === undefined) byServer.set(server, [{ call, index, connection }])
      else placed.push({ call, index, connection })
    }
    const lanes = Array.from(byServer, async ([server, placed]) =>
      this.#run(server, placed, { form, withinMs }, replies),
    )
    await Promise.all(lanes)
    return replies
  }

  async #run(server: object, placed: readonly Placed[], asked: Asked, replies: Reply[]): Promise<void> {
    const rows = rowsOf(placed)
    let next = 0
    const isLong = rows.length > ROWS_UNDER_WAY
    if (isLong) addUnsent(this.#client, 1)
    const work = async (): Promise<void> => {
      while (next < rows.length) {
        const row = rows[next++]!
        if (isLong && next === rows.length) addUnsent(this.#client, -1)
        const lost = this.#lost.get(server)
        if (lost === undefined) await this.#sendRow(server, row, asked, replies)
        else for (const { index } of row) replies[index] = lost
      }
    }
    await Promise.all(Array.from({ length: Math.min(ROWS_UNDER_WAY, rows.length) }, work))
  }

  async #sendRow(server: object, row: readonly Placed[], asked: Asked, replies: Reply[]): Promise<void> {
    const byConnection = groupBy(row, ({ connection }) => connection)
    await Promise.all(
      Array.from(byConnection, async ([connection, group]) => {
        try {
          const commands = group.map(({ item }) => item.call.command)
          const answers = await connection.runAll(commands, asked.form, asked.withinMs)
          for (const [position, { item }] of group.entries()) replies[item.index] = answers[position]!
        } catch (error) {
          const reason = error instanceof Error ? error : new Error(String(error))
          this.#lost.set(server, reason)
          for (const { item } of group) replies[item.index] = reason
        }
      }),
    )
  }
}

/** Sends calls in the way of {@link Exchange}. */
export async function exchange(
  client: RedisClient,
  calls: readonly Call[],
  form: ReplyForm,
  withinMs?: number,
): Promise<readonly Reply[]> {
  if (calls.length !== 1) return new Exchange(client).send(calls, form, withinMs)
  const { route, command } = calls[0]!
  try {
    return [await client.connectionFor(route).run(command, form, withinMs)]
  } catch (error) {
    return [error as Error]
  }
}

function rowsOf(placed: readonly Placed[]): readonly (readonly Placed[])[] {
  const rows: Placed[][] = []
  let row: Placed[] = []
  let names = 0
  let bytes = 0
  for (const one of placed) {
    const { command, bytes: own = 0 } = one.call
    const count = 'script' in command ? command.keys.length : command.args.length
    if (row.length > 0 && (names + count > LONGEST_ROW || bytes >= LARGEST_ROW)) {
      rows.push(row)
      row = []
      names = 0
      bytes = 0
    }
    row.push(one)
    names += count
    bytes += own
  }
  if (row.length > 0) rows.push(row)
  return rows
}

/** Groups items by a property, each with its index. The order within a group is kept. */
export function groupBy<T, K>(
  items: readonly T[],
  keyOf: (item: T) => K,
): Map<K, { readonly item: T; readonly index: number }[]> {
  const groups = new Map<K, { readonly item: T; readonly index: number }[]>()
  for (const [index, item] of items.entries()) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [{ item, index }])
    else group.push({ item, index })
  }
  return groups
}

/** Returns the indexes of items in groups of one partition, because a script or a command has keys of one only. */
export function groupsOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  names: KeyNames,
  longest: number,
): readonly (readonly number[])[] {
  if (!names.isSpread) return slices([...items.keys()], longest)
  return [...groupBy(items, (item) => names.partitionOf(keyOf(item))).values()].flatMap((group) =>
    slices(
      group.map(({ index }) => index),
      longest,
    ),
  )
}

/** Splits a list into parts of at most `length` items. */
export function slices<T>(items: readonly T[], length: number): readonly (readonly T[])[] {
  if (items.length <= length) return items.length === 0 ? [] : [items]
  const parts: (readonly T[])[] = []
  for (let first = 0; first < items.length; first += length) parts.push(items.slice(first, first + length))
  return parts
}
