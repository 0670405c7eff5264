import type { Duration } from '../../options/durations.ts'

/** Options of one query, or of the queries of a model. */
export interface PrismaQueryOptions {
  /** The time for which a result is kept; default: that of the model, of the extension, of the cache. */
  readonly ttl?: Duration | undefined
  /** Tags of the cache that the result bears besides those of its models. */
  readonly tags?: readonly string[] | undefined
}

/** The class of decimal numbers: `Prisma.Decimal`. */
export interface PrismaDecimal {
  new (text: string): object
  /** The prototype by which numbers are recognised. */
  readonly prototype: object
}

/** The parameters of an invalidation. */
export interface PrismaInvalidation {
  /** The models that have changed. */
  readonly models?: readonly string[] | undefined
  /** Tags that queries were given by `cached({ tags })`. */
  readonly tags?: readonly string[] | undefined
}

/** The cached queries of a client: `prisma.$cache`. */
export interface PrismaQueries {
  /** Invalidates the queries of models that were changed in another way, such as a trigger. Never rejects. */
  invalidate(changed: PrismaInvalidation): Promise<void>
}

/** The parts that a client gets, in the form in which Prisma types them. */
// Prisma takes no interface here, because an interface has no index signature.
// oxlint-disable-next-line typescript/consistent-type-definitions
export type PrismaParts = {
  /** No fields are added to results. */
  result: {}
  /** No type of an operation changes. */
  query: {}
  /** The methods of every model. */
  model: {
    $allModels: {
      cached: () => <Model>(this: Model, options?: PrismaQueryOptions) => Model
      uncached: () => <Model>(this: Model) => Model
    }
  }
  /** The members of the client. */
  client: { $cache: () => PrismaQueries }
}

/** The extension, for `$extends`. */
export type PrismaExtension = (client: object) => { readonly $extends: { readonly extArgs: PrismaParts } }

/** A field of a model, as far as it is used. */
export interface Field {
  readonly name: string
  readonly type: string
  readonly relationName?: string | undefined
}

/** The models of a client, as far as they are used. */
export interface RuntimeDataModel {
  readonly models: Readonly<
    Record<string, { readonly dbName?: string | null; readonly fields: readonly Field[] }>
  >
  readonly types?: Readonly<Record<string, { readonly fields: readonly Field[] }>> | undefined
}

/** A client of Prisma, as far as it is used. */
export interface Client {
  $extends(extension: object): unknown
  $transaction(this: unknown, work: unknown, ...rest: unknown[]): Promise<unknown>
  readonly _runtimeDataModel?: RuntimeDataModel | undefined
  readonly _engineConfig?: { readonly inlineSchema?: string | undefined } | undefined
  readonly _globalOmit?: unknown
  /** The client that was made first, of which extended ones are made. */
  readonly _originalClient?: object | undefined
}

/** The operation of a client, as an extension sees it. */
export interface Operation {
  readonly model?: string | undefined
  readonly operation: string
  readonly args: unknown
  readonly query: (args: unknown) => PromiseLike<unknown>
  readonly __internalParams?:
    | {
        readonly transaction?: { readonly kind: string; readonly id?: unknown } | undefined
        readonly dataPath?: readonly string[] | undefined
      }
    | undefined
}
