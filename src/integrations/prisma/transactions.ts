import type { Quarantine } from '../shared/quarantine.ts'
import type { Queries } from './queries.ts'
import type { Client, Operation } from './types.ts'

/** The symbols under which the client of a transaction knows it: Prisma 7.10, and earlier. */
const SCOPE = Symbol.for('prisma.client.transaction.scope_context')
const ID = Symbol.for('prisma.client.transaction.id')

/** Writes, whose models are invalidated after they are committed. */
export class Transactions {
  readonly #queries: Queries
  readonly #quarantine: Quarantine
  // The models that were changed in open interactive transactions, by the id of the transaction.
  readonly #changed = new Map<unknown, Set<string>>()

  constructor(queries: Queries, quarantine: Quarantine) {
    this.#queries = queries
    this.#quarantine = quarantine
  }

  /**
   * Whether an operation reads what is committed now. One in a transaction sees its own changes, and may see an old state
   * of everything else.
   */
  isOutside({ __internalParams }: Operation): boolean {
    return __internalParams !== undefined && __internalParams.transaction === undefined
  }

  /** Whether one of the models may have a change whose commit is not known. */
  holds(models: readonly string[]): boolean {
    return this.#quarantine.holds(models)
  }

  /** Runs a write. The queries of its models are invalidated when it is committed, and before its call ends. */
  async write(models: readonly string[], of: Operation): Promise<unknown> {
    const transaction = of.__internalParams?.transaction
    const changed = transaction?.kind === 'itx' ? this.#changed.get(transaction.id) : undefined
    if (changed !== undefined) {
      for (const model of models) changed.add(model)
      return of.query(of.args)
    }
    try {
      return await of.query(of.args)
    } finally {
      // After an error, too, because the database may have committed before the connection was lost. The operations of
      // a batch end when all of it is committed.
      const isCommitted = transaction?.kind === 'batch' || this.isOutside(of)
      if (!isCommitted) this.#quarantine.hold(models)
      await this.#queries.invalidate({ models })
    }
  }

  /** Returns a method in place of `$transaction`, which tells when an interactive transaction has ended. */
  watch(parent: Client): Client['$transaction'] {
    const changed = this.#changed
    const queries = this.#queries
    return async function (this: unknown, work, ...rest) {
      if (typeof work !== 'function') return parent.$transaction.call(this, work, ...rest)
      let id: unknown
      const run = (transaction: object): unknown => {
        const own = idOf(transaction)
        // A transaction within another has the id of the outer one.
        if (own !== undefined && !changed.has(own)) changed.set((id = own), new Set())
        return work(transaction) as unknown
      }
      try {
        return await parent.$transaction.call(this, run, ...rest)
      } finally {
        const models = changed.get(id)
        changed.delete(id)
        if (models !== undefined) await queries.invalidate({ models: [...models] })
      }
    }
  }
}

function idOf(transaction: object): unknown {
  const scope: unknown = Reflect.get(transaction, SCOPE)
  if (typeof scope === 'object' && scope !== null) return Reflect.get(scope, 'txId')
  return Reflect.get(transaction, ID)
}
