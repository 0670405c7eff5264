import type { BaseCache } from '../../cache/base-cache.ts'
import type { Runtime } from '../../cache/runtime.ts'
import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { isRecord } from '../../internal/objects.ts'
import { checkTags } from '../../keys/tags.ts'
import { checkFunction, checkReadable } from '../../options/checks.ts'
import { durationMs, type Duration } from '../../options/durations.ts'
import { checkOptions } from '../../options/options.ts'
import { spanMs } from '../../options/spans.ts'
import { defaultRegistry } from '../../serialization/json/registry.ts'
import { runtimeOf } from '../shared/check-cache.ts'
import { Quarantine } from '../shared/quarantine.ts'
import { DataModel } from './data-model.ts'
import { Queries } from './queries.ts'
import { Transactions } from './transactions.ts'
import type { Client, Operation, PrismaDecimal, PrismaExtension, PrismaQueryOptions } from './types.ts'

/** Options of {@link cachettePrisma}. */
export interface CachettePrismaOptions {
  /** Whether every read is cached, rather than those of `prisma.user.cached()`; default `false`. */
  readonly global?: boolean | undefined
  /** The models whose reads are treated otherwise: `true` or options: every read is cached; `false`: only `cached()`. */
  readonly models?: Readonly<Record<string, boolean | PrismaQueryOptions>> | undefined
  /** The ttl of a query without one of its own; default: that of the cache. */
  readonly ttl?: Duration | undefined
  /** The class of decimal numbers, `Prisma.Decimal`. It is needed if the schema has fields of the type Decimal. */
  readonly decimal?: PrismaDecimal | undefined
  /** Returns the models that an SQL statement changes, besides those whose tables are in its text. */
  readonly raw?: ((text: string) => readonly string[]) | undefined
  /** The time after a write whose commit can't be seen, in which its models are not cached; default 5 s. */
  readonly quarantine?: Duration | undefined
}

const NAME = 'cachettePrisma'

/** The name under which options of a query travel with its parameters. Prisma itself never sees it. */
const OPTIONS = '$cachette'

const READS = /^(?:find(?:Unique|First)(?:OrThrow)?|findMany|count|aggregate|groupBy)$/
const RAW_READS = new Set(['findRaw', 'aggregateRaw'])

/**
 * Returns the extension that caches reads of Prisma: `prisma.$extends(cachettePrisma(cache))`. A write invalidates the
 * queries of its models after it is committed, and before its own call ends. Queries never fail because of the cache.
 * @throws OptionsError for anything that is not a cache, or a wrong option.
 */
export function cachettePrisma(cache: BaseCache, options: CachettePrismaOptions = {}): PrismaExtension {
  const runtime = runtimeOf(cache, `${NAME}: cache`)
  checkReadable(options, NAME)
  checkOptions(options, ['global', 'models', 'ttl', 'decimal', 'raw', 'quarantine'], NAME)
  const { global = false, ttl, decimal, raw = () => [], quarantine = 5 } = options
  const models = new Map(Object.entries(options.models ?? {}))
  if (typeof global !== 'boolean')
    throw new OptionsError(`${NAME}: global: ${inspect(global)} is not true or false`)
  checkQuery({ ttl }, NAME, runtime)
  for (const [model, own] of models)
    if (typeof own !== 'boolean') checkQuery(own, `${NAME}: models: ${model}`, runtime)
  checkFunction(raw, `${NAME}: raw`)
  if (decimal !== undefined) registerDecimal(decimal)
  const quarantineMs = spanMs(quarantine, `${NAME}: quarantine`)

  const known = new WeakMap<object, Known>()
  const knownOf = (client: Client): Known => {
    const { _originalClient: original = client } = client
    const before = known.get(original)
    if (before !== undefined) return before
    const dataModel = dataModelOf(client)
    if (dataModel.hasDecimal && decimal === undefined)
      throw new OptionsError(
        `${NAME}: decimal: the schema has fields of the type Decimal; give Prisma.Decimal`,
      )
    for (const model of models.keys())
      if (!dataModel.has(model)) throw new OptionsError(`${NAME}: models: ${model} is no model of the schema`)

    const queries = new Queries({ cache, runtime, globalOmit: client._globalOmit })
    const { clock, timers } = runtime
    const release = (names: readonly string[]): void => void queries.invalidate({ models: names })
    const transactions = new Transactions(queries, new Quarantine(quarantineMs, { clock, timers, release }))
    known.set(original, { dataModel, queries, transactions })
    return { dataModel, queries, transactions }
  }

  const extend = (client: Client): unknown => {
    const { dataModel, queries, transactions } = knownOf(client)
    const optionsOf = (model: string, own: unknown): PrismaQueryOptions | undefined => {
      const ofModel = models.get(model) ?? global
      if (own === false || (own === undefined && ofModel === false)) return undefined
      const base = { ttl, ...(typeof ofModel === 'object' && ofModel) }
      return own === undefined ? base : { ...base, ...(own as PrismaQueryOptions) }
    }
    const run = async (call: Operation): Promise<unknown> => {
      const [args, own] = optionsIn(call.args)
      const of = { ...call, args }
      const { model, operation } = of
      if (model === undefined) {
        const text = textOf(args)
        const changed = [...dataModel.changedByText(text), ...raw(text)]
        return changed.length === 0 ? of.query(args) : transactions.write(changed, of)
      }
      if (RAW_READS.has(operation)) return of.query(args)
      if (!READS.test(operation)) return transactions.write(dataModel.changedBy(model, operation, args), of)
      const asked = optionsOf(model, own)
      if (asked === undefined || !transactions.isOutside(of)) return of.query(args)
      const depends = dataModel.readBy(model, args)
      if (transactions.holds(depends)) return of.query(args)
      return queries.read(of, depends, asked)
    }
    const parts = {
      name: 'cachette',
      model: {
        $allModels: {
          cached(this: object, own: PrismaQueryOptions = {}) {
            checkQuery(own, 'cached', runtime)
            return withOptions(this, own)
          },
          uncached(this: object) {
            return withOptions(this, false)
          },
        },
      },
      client: {
        $cache: queries,
        $transaction: transactions.watch(client),
        // An extension that is given later comes before the cache, so that the cache sees the queries that it changes.
        $extends(this: object, later: object | ((client: object) => unknown)) {
          return typeof later === 'function' ? later(this) : extend(client.$extends(later) as Client)
        },
      },
      query: { $allOperations: run },
    }
    return client.$extends(parts)
  }
  // Prisma types an extension by what its function returns.
  return (target) => extend(target as Client) as ReturnType<PrismaExtension>
}

/** The facts of a client, which all clients that are made of it by extensions share. */
interface Known {
  readonly dataModel: DataModel
  readonly queries: Queries
  readonly transactions: Transactions
}

function checkQuery(options: PrismaQueryOptions, where: string, { clock, doubts }: Runtime): void {
  checkReadable(options, where)
  checkOptions(options, ['ttl', 'tags'], where)
  if (options.ttl !== undefined) durationMs(options.ttl, `${where}: ttl`, clock, doubts)
  if (options.tags !== undefined) checkTags(options.tags, where)
}

function registerDecimal(decimal: PrismaDecimal): void {
  checkFunction(decimal, `${NAME}: decimal`)
  if (defaultRegistry.ofPrototype(decimal.prototype) !== undefined) return
  defaultRegistry.register(decimal, {
    name: 'Prisma.Decimal',
    encode: String,
    decode: (text: string) => new decimal(text),
  })
}

function dataModelOf({ _runtimeDataModel, _engineConfig, $extends }: Partial<Client>): DataModel {
  if (_runtimeDataModel === undefined || typeof $extends !== 'function')
    throw new OptionsError(`${NAME}: give the extension to $extends of a PrismaClient`)
  return new DataModel(_runtimeDataModel, _engineConfig?.inlineSchema)
}

/** Returns a model whose reads have options. */
function withOptions(model: object, options: PrismaQueryOptions | false): object {
  return new Proxy(model, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function' || typeof name !== 'string' || !READS.test(name)) return method
      return (args: object | undefined): unknown =>
        Reflect.apply(method, target, [{ ...args, [OPTIONS]: options }])
    },
  })
}

/** Returns the parameters of a query, and the options that came with them. */
function optionsIn(args: unknown): readonly [args: unknown, options: unknown] {
  if (!isRecord(args) || !(OPTIONS in args)) return [args, undefined]
  const { [OPTIONS]: options, ...rest } = args
  return [rest, options]
}

/** Returns the text of an SQL statement, in the forms in which Prisma hands it over. */
function textOf(args: unknown): string {
  if (typeof args !== 'object' || args === null) return ''
  const text: unknown = Array.isArray(args) ? args[0] : Reflect.get(args, 'sql')
  // A command of MongoDB has its name and its collection among its parts.
  const parts: readonly unknown[] = text === undefined || text === null ? Object.entries(args).flat() : [text]
  return parts.map(String).join(' ')
}
