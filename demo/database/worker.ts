import { parentPort } from 'node:worker_threads'
import { queryLabel } from './protocol.ts'
import type { FromWorker, QueryName, ToWorker } from './protocol.ts'
import { SqlQueries } from './queries.ts'
import { seedDatabase } from './seed.ts'

// The database has a thread of its own, as a server would have a machine of its own: a query that works for
// 40 ms does not keep the service from answering meanwhile, it only keeps other queries waiting.
const database = seedDatabase()
const queries = new SqlQueries(database)
const counts = new Map<string, { queries: number; busyMs: number }>()

function run(name: QueryName, args: readonly unknown[]): unknown {
  const startedAt = performance.now()
  const count = counts.get(queryLabel(name, args)) ?? { queries: 0, busyMs: 0 }
  counts.set(queryLabel(name, args), count)
  count.queries += 1
  // The client's types have checked that the arguments belong to the name.
  const query = queries[name].bind(queries) as (...args: readonly unknown[]) => unknown
  try {
    return query(...args)
  } finally {
    count.busyMs += performance.now() - startedAt
  }
}

function takeCounts(): unknown {
  const taken = new Map(counts)
  counts.clear()
  return taken
}

function answer(message: ToWorker): FromWorker {
  try {
    const value = message.kind === 'query' ? run(message.name, message.args) : takeCounts()
    return { kind: 'answer', id: message.id, value }
  } catch (error) {
    return {
      kind: 'failure',
      id: message.id,
      message: error instanceof Error ? error.message : String(error),
    }
  }
}

function send(message: FromWorker): void {
  parentPort?.postMessage(message)
}

parentPort?.on('message', (message: ToWorker) => send(answer(message)))
send({ kind: 'ready', cities: Number(database.get('select count(*) as n from city')?.['n']) })
