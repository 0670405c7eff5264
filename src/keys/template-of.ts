import { MOST_FAMILIES, OTHER, type Family } from '../core/observing/family.ts'

const ENTITY = /^\p{L}\D*\d{0,2}\D*$/u
const WORD = /^[\p{L}_.-]+$/u

/**
 * Returns the template of a key by its text: `user:{id}`, `user:list:{params}`, `billing:invoice:{params}`. The first
 * part is the entity. Words between the entity and the last part stay. All other parts are ids. A key without `:` is
 * `{key}`.
 */
export function templateOf(key: string): string {
  const first = key.indexOf(':')
  if (first < 0) return '{key}'
  const entity = key.slice(0, first)
  let template = ENTITY.test(entity) ? entity : '{id}'
  for (let from = first + 1; ;) {
    const start = key[from]
    // Parameters may contain a `:`, and nothing is known of what follows them.
    if (start === '{' || start === '[') return `${template}:{params}`
    const end = key.indexOf(':', from)
    if (end < 0) return `${template}:{id}`
    const part = key.slice(from, end)
    template += WORD.test(part) ? `:${part}` : ':{id}'
    from = end + 1
  }
}

/** The templates of a cache's keys. Those past the bound share one name, so that keys never become labels. */
export class Templates {
  readonly #known = new Set<string>()

  /** Returns the template of a full key: the names of namespaces and its form, or the name of the wrapped function. */
  of(family: Family, key: string): string {
    const template = family.isFunction ? family.name : family.path + templateOf(family.keyOf(key))
    if (this.#known.has(template)) return template
    if (this.#known.size >= MOST_FAMILIES - 1) return OTHER
    this.#known.add(template)
    return template
  }
}
