import type { Queryable } from '../database/client.ts'
import type { Queries, QueryName } from '../database/protocol.ts'
import { queryLabels } from '../load/pages.ts'
import type { Span } from './spans.ts'
import { Stalls } from './stalls.ts'

/** Queries of a process and their times, the wait for the database included. */
export interface TimedQuery extends Span {
  readonly labels: readonly string[]
}

/** The reasons of a process for a late answer, other than Redis. */
export interface Watched {
  readonly queries: readonly TimedQuery[]
  readonly stalls: readonly Span[]
}

/** Notes how long a process of the guide waits for the database and for the processor. */
export class Watch implements Queryable {
  readonly #database: Queryable
  #queries: TimedQuery[] | undefined
  #stalls: Stalls | undefined

  constructor(database: Queryable) {
    this.#database = database
  }

  begin(): void {
    this.#queries = []
    this.#stalls = new Stalls()
  }

  end(): Watched {
    const queries = this.#queries ?? []
    this.#queries = undefined
    return { queries, stalls: this.#stalls?.end() ?? [] }
  }

  async query<Name extends QueryName>(
    name: Name,
    ...args: Parameters<Queries[Name]>
  ): Promise<ReturnType<Queries[Name]>> {
    const noted = this.#queries
    const fromMs = Date.now()
    try {
      return await this.#database.query(name, ...args)
    } finally {
      noted?.push({ labels: queryLabels({ name, args }), fromMs, toMs: Date.now() })
    }
  }
}
