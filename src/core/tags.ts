import { KeyError, OptionsError } from './errors.ts'
import { inspect } from './inspect.ts'
import { checkKey } from './key.ts'

/** The most tags an entry may bear, those of its cache and its namespaces included. */
export const MAX_TAGS = 32

/** The tags of what has none: one list, so that nothing is made for it. */
export const NO_TAGS: readonly string[] = Object.freeze([])

const NAMESPACE = '!ns:'

/**
 * Distinct tags. @throws KeyError for what can't be a tag (the rules are those of keys) and for too many,
 * OptionsError for what is no list.
 */
export function checkTags(tags: unknown, where: string): readonly string[] {
  if (!Array.isArray(tags)) {
    throw new OptionsError(`${where}: tags: ${inspect(tags)} is not a list of tags, such as ['users']`)
  }
  const distinct = new Set<string>()
  for (const tag of tags as readonly unknown[]) distinct.add(checkTag(tag))
  if (distinct.size <= MAX_TAGS) return [...distinct]
  throw new KeyError(`${where}: tags: at most ${MAX_TAGS} are allowed, not ${distinct.size}`)
}

/** A tag. @throws KeyError for what can't be one. */
export function checkTag(tag: unknown): string {
  checkKey(tag, '', 'a tag')
  return tag
}

/** Both lists as one, without repetitions. @throws KeyError for too many. */
export function joinTags(some: readonly string[], more: readonly string[], where: string): readonly string[] {
  if (more.length === 0) return some
  if (some.length === 0) return more
  const all = [...new Set([...some, ...more])]
  if (all.filter((tag) => !isNamespaceTag(tag)).length <= MAX_TAGS) return all
  throw new KeyError(
    `${where}: tags: at most ${MAX_TAGS} are allowed, those of the cache and its namespaces included`,
  )
}

/**
 * The tags that stand for a namespace and the ones around it, one for each level of its path: whatever of them is
 * cleared, what the namespace holds is gone. Levels are those of the text, so that it does not matter in how many
 * steps a namespace was made.
 */
export function namespaceTags(path: string): readonly string[] {
  const tags: string[] = []
  for (let end = path.indexOf(':'); end !== -1; end = path.indexOf(':', end + 1))
    tags.push(namespaceTag(path.slice(0, end + 1)))
  return tags
}

/** The tag that stands for the namespace of this path, such as `user:v2:`. */
export function namespaceTag(path: string): string {
  return NAMESPACE + path
}

/** Whether the tag stands for a namespace: nobody sees an entry of it there who does not find the tag on it. */
export function isNamespaceTag(tag: string): boolean {
  return tag.charCodeAt(0) === 33
}

/** Whether what bears `tags` belongs to every namespace among `wanted`. */
export function belongs(tags: readonly string[] | undefined, wanted: readonly string[] | undefined): boolean {
  if (wanted === undefined || wanted === tags) return true
  for (const tag of wanted) if (isNamespaceTag(tag) && tags?.includes(tag) !== true) return false
  return true
}
