import { isWrongType } from './replies.ts'
import type { Command, Connection, RedisClient, Reply, ReplyForm } from './client.ts'

/** A command, and a name of its partition, which says whom to send it to. */
export interface Call {
  readonly route: string
  readonly command: Command
}

/**
 * Sends calls, those for one master in one write, and answers in their order. An error of one call is its reply; who
 * does not answer at all makes the exchange fail, or with `partly` only if nobody answers.
 */
export async function exchange(
  client: RedisClient,
  calls: readonly Call[],
  form: ReplyForm,
  partly = false,
): Promise<readonly Reply[]> {
  if (calls.length === 0) return []
  if (calls.length === 1) return [await one(client, calls[0]!, form)]
  if (!client.isCluster) {
    return client.connectionFor(calls[0]!.route).runAll(
      calls.map(({ command }) => command),
      form,
    )
  }
  const byConnection = new Map<Connection, number[]>()
  for (const [index, { route }] of calls.entries()) {
    const connection = client.connectionFor(route)
    const indexes = byConnection.get(connection)
    if (indexes === undefined) byConnection.set(connection, [index])
    else indexes.push(index)
  }
  const replies: Reply[] = calls.map(() => null)
  const settled = await Promise.allSettled(
    Array.from(byConnection, async ([connection, indexes]) => {
      const answers = await connection.runAll(
        indexes.map((index) => calls[index]!.command),
        form,
      )
      for (const [position, index] of indexes.entries()) replies[index] = answers[position]!
    }),
  )
  const failures = settled.filter((one) => one.status === 'rejected')
  if (failures.length > 0 && (!partly || failures.length === settled.length)) throw failures[0]!.reason
  return replies
}

// What is there is of another type: for a read that is an answer.
async function one(client: RedisClient, { route, command }: Call, form: ReplyForm): Promise<Reply> {
  try {
    return await client.connectionFor(route).run(command, form)
  } catch (error) {
    if (isWrongType(error)) return error
    throw error
  }
}

/** Items by a property, each with its index; the order within a group is kept. */
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
