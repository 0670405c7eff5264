import { isRecord } from '../../internal/objects.ts'
import { mayChange, tablesIn } from '../shared/sql.ts'
import { Cascades } from './cascades.ts'
import type { RuntimeDataModel } from './types.ts'

/** The parts of a write that hold data, rather than the choice of rows. */
const DATA = ['data', 'create', 'update'] as const

/** The operators whose parameters choose rows, rather than change them. */
const CHOICES = new Set(['where', 'connect', 'disconnect', 'set', 'delete', 'deleteMany'])

/** Called for each name in the parameters of an operation, with the models that it may be a part of. */
type Visit = (name: string, models: ReadonlySet<string>) => void

/** The models of a client, by which operations are traced to the models that they read and change. */
export class DataModel {
  /** Whether a model has a field of the type Decimal. */
  readonly hasDecimal: boolean
  // The related models of each model, by the name of the field.
  readonly #relations = new Map<string, ReadonlyMap<string, string>>()
  readonly #models = new Map<string, string>()
  readonly #cascades: Cascades

  constructor({ models, types }: RuntimeDataModel, schema: string | undefined) {
    const pairs: (readonly [string, string])[] = []
    for (const [model, { dbName, fields }] of Object.entries(models)) {
      const related = fields.filter(({ relationName }) => typeof relationName === 'string')
      this.#relations.set(model, new Map(related.map(({ name, type }) => [name, type])))
      this.#models.set(dbName ?? model, model)
      pairs.push(...related.map(({ type }) => [model, type] as const))
    }
    const all = [...Object.values(models), ...Object.values(types ?? {})]
    this.hasDecimal = all.some(({ fields }) => fields.some(({ type }) => type === 'Decimal'))
    this.#cascades = new Cascades(schema, pairs)
  }

  /** Whether there is a model of that name. */
  has(model: string): boolean {
    return this.#relations.has(model)
  }

  /** Returns the models on which the result of a read depends. */
  readBy(model: string, args: unknown): readonly string[] {
    const found = new Set([model])
    if (isRecord(args)) for (const part of Object.values(args)) this.#walk(part, new Set([model]), found)
    return [...found]
  }

  /** Returns the models of which a write changes rows, those that the database changes by itself included. */
  changedBy(model: string, operation: string, args: unknown): readonly string[] {
    const found = new Set([model])
    const add = (models: Iterable<string>): void => {
      for (const each of models) found.add(each)
    }
    if (operation.startsWith('delete')) add(this.#cascades.ofDelete(model))
    const isUpdate = operation.startsWith('up')
    const visit: Visit = (name, models) => {
      for (const each of models) {
        if (name === 'delete' || name === 'deleteMany') add(this.#cascades.ofDelete(each))
        if (isUpdate) add(this.#cascades.ofUpdate(each, [name]))
      }
    }
    if (isRecord(args))
      for (const part of DATA) this.#walk(Reflect.get(args, part), new Set([model]), found, visit)
    return [...found]
  }

  /** Returns the models whose tables an SQL statement may change, by the names in its text. */
  changedByText(text: string): readonly string[] {
    if (!mayChange(text)) return []
    return tablesIn(text, this.#models.keys()).map((table) => this.#models.get(table)!)
  }

  // Names of fields and of operators can't be told apart in every place, so a name counts wherever it may be a field. A
  // query then has a model too many rather than one too few.
  #walk(value: unknown, models: ReadonlySet<string>, found: Set<string>, visit?: Visit): void {
    if (Array.isArray(value)) for (const part of value) this.#walk(part, models, found, visit)
    if (!isRecord(value)) return
    for (const [name, part] of Object.entries(value)) {
      visit?.(name, models)
      const related = new Set(models)
      for (const model of models) {
        const fields = this.#relations.get(model)
        const types = name === '_count' && part === true ? fields?.values() : [fields?.get(name)]
        for (const type of types ?? []) if (type !== undefined) related.add(type)
      }
      const isChoice =
        CHOICES.has(name) && ![...models].some((model) => this.#relations.get(model)?.has(name))
      if (part === false || part === undefined) continue
      for (const each of related) found.add(each)
      this.#walk(part, related, found, isChoice ? undefined : visit)
    }
  }
}
