/** A foreign key of a schema. */
interface ForeignKey {
  readonly child: string
  readonly parent: string
  readonly fields: readonly string[]
  readonly references: readonly string[]
  readonly onDelete: string
  readonly onUpdate: string
}

const CHANGES_CHILD = new Set(['Cascade', 'SetNull', 'SetDefault'])

const MODEL = /^\s*model\s+(\w+)\s*\{([\s\S]*?)^\s*\}/gm
const RELATION = /^\s*\w+\s+(\w+)(\?|\[\])?[^\n]*?@relation\(((?:"[^"]*"|\([^()]*\)|[^()"])*)\)/gm

/** The changes that the database makes by itself, according to the `onDelete` and `onUpdate` of the schema. */
export class Cascades {
  readonly #keys: readonly ForeignKey[]

  /** @param schema the text of the schema. Without it, a delete may change every model that is related. */
  constructor(schema: string | undefined, relations: readonly (readonly [string, string])[]) {
    this.#keys =
      schema === undefined ? relations.map(([child, parent]) => unknownKey(child, parent)) : keysIn(schema)
  }

  /** Returns the models whose rows change if rows of a model are deleted. */
  ofDelete(model: string): ReadonlySet<string> {
    const changed = new Set<string>()
    this.#delete(model, changed, new Set())
    return changed
  }

  /** Returns the models whose rows change if fields of a model do. */
  ofUpdate(model: string, fields: readonly string[]): ReadonlySet<string> {
    const changed = new Set<string>()
    this.#update(model, fields, changed)
    return changed
  }

  #delete(model: string, changed: Set<string>, deleted: Set<string>): void {
    if (deleted.has(model)) return
    deleted.add(model)
    for (const { child, parent, fields, onDelete } of this.#keys) {
      if (parent !== model || !CHANGES_CHILD.has(onDelete)) continue
      changed.add(child)
      if (onDelete === 'Cascade') this.#delete(child, changed, deleted)
      else this.#update(child, fields, changed)
    }
  }

  #update(model: string, updated: readonly string[], changed: Set<string>): void {
    for (const { child, parent, fields, references, onUpdate } of this.#keys) {
      if (parent !== model || !CHANGES_CHILD.has(onUpdate)) continue
      if (!references.some((field) => updated.includes(field))) continue
      const isNew = !changed.has(child)
      changed.add(child)
      if (isNew) this.#update(child, fields, changed)
    }
  }
}

function keysIn(schema: string): readonly ForeignKey[] {
  const text = schema.replace(/^\s*\/\/.*$/gm, '')
  return [...text.matchAll(MODEL)].flatMap(([, child, body]) =>
    [...body!.matchAll(RELATION)].flatMap(([, parent, arity, parts]) => {
      const fields = listOf(parts!, 'fields')
      if (fields.length === 0) return []
      const onDelete = wordOf(parts!, 'onDelete') ?? (arity === '?' ? 'SetNull' : 'Restrict')
      const onUpdate = wordOf(parts!, 'onUpdate') ?? 'Cascade'
      return [
        {
          child: child!,
          parent: parent!,
          fields,
          references: listOf(parts!, 'references'),
          onDelete,
          onUpdate,
        },
      ]
    }),
  )
}

function unknownKey(child: string, parent: string): ForeignKey {
  return { child, parent, fields: [], references: [], onDelete: 'Cascade', onUpdate: 'Cascade' }
}

function listOf(parts: string, name: string): readonly string[] {
  const inside = new RegExp(`\\b${name}\\s*:\\s*\\[([^\\]]*)\\]`).exec(parts)?.[1] ?? ''
  return inside.match(/\w+/g) ?? []
}

function wordOf(parts: string, name: string): string | undefined {
  return new RegExp(`\\b${name}\\s*:\\s*(\\w+)`).exec(parts)?.[1]
}
