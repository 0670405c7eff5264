import { isCacheError, KeyError, OptionsError } from '../core/errors.ts'
import { isList } from '../internal/objects.ts'
import { inspect } from '../core/logging/inspect.ts'
import { checkKey } from './key.ts'

/** The most tags of an entry, those of its cache and its namespaces included. */
export const MAX_TAGS = 32

/** The shared empty list of tags, so that none is allocated. */
export const NO_TAGS: readonly string[] = Object.freeze([])

const NAMESPACE = '!ns:'

/**
 * Returns the distinct tags of a list.
 * @throws KeyError for an invalid tag (the rules are those of keys) and for more than `most`, OptionsError for anything
 * but a list.
 */
export function checkTags(tags: unknown, where: string, most: number = MAX_TAGS): readonly string[] {
  if (!isList(tags)) {
    throw new OptionsError(`${where}: tags: ${inspect(tags)} is not a list of tags, such as ['users']`)
  }
  const distinct = new Set<string>()
  try {
    for (const tag of tags) distinct.add(checkTag(tag))
  } catch (error) {
    throw isCacheError(error)
      ? error
      : new OptionsError(`${where}: tags: reading them threw`, { cause: error })
  }
  if (distinct.size <= most) return [...distinct]
  throw new KeyError(`${where}: tags: at most ${most} are allowed, not ${distinct.size}`)
}

/** Returns the tag. @throws KeyError if it is invalid. */
export function checkTag(tag: unknown): string {
  checkKey(tag, '', 'a tag')
  return tag
}

/** Returns both lists as one, without repetitions. @throws KeyError for too many tags. */
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
 * Returns the tags of a namespace and of those around it, one for each level of its path. If one of them is cleared, so
 * are the entries of the namespace. The levels are those of the text, so a namespace may be made in any number of
 * steps.
 */
export function namespaceTags(path: string): readonly string[] {
  const tags: string[] = []
  for (let end = path.indexOf(':'); end !== -1; end = path.indexOf(':', end + 1))
    tags.push(namespaceTag(path.slice(0, end + 1)))
  return tags
}

/** Returns the tag of the namespace with this path, such as `user:v2:`. */
export function namespaceTag(path: string): string {
  return NAMESPACE + path
}

/** Whether this is a namespace's own tag. Reads in a namespace ignore entries without it. */
export function isNamespaceTag(tag: string): boolean {
  return tag.charCodeAt(0) === 33
}

/** Whether an entry with `tags` belongs to every namespace among `wanted`. */
export function belongs(tags: readonly string[] | undefined, wanted: readonly string[] | undefined): boolean {
  if (wanted === undefined || wanted === tags) return true
  for (const tag of wanted) if (isNamespaceTag(tag) && tags?.includes(tag) !== true) return false
  return true
}
