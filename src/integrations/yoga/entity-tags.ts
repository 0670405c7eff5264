import { textKey } from '../shared/text-key.ts'

/** An entity in a response, or a type of which all entities are meant. */
export interface Entity {
  readonly typename: string
  readonly id?: number | string
}

/** The most tags of an entry, which leaves some to the user's cache. */
const MOST_TAGS = 24
const EVERY = 'graphql:every'

/**
 * Returns the tags of a response: `Type` and `Type:id` of each entity. If there are too many, one tag stands for all
 * ids of a type, and if there are still too many, one tag stands for all entities. It is then removed too often, and
 * never too seldom.
 */
export function tagsOf(entities: readonly Entity[]): readonly string[] {
  const types = new Set(entities.map(({ typename }) => typeTag(typename)))
  const ids = new Set(entities.flatMap(({ typename, id }) => (id === undefined ? [] : [idTag(typename, id)])))
  if (types.size + ids.size <= MOST_TAGS) return [...types, ...ids]
  const some = new Set(entities.map(({ typename }) => someTag(typename)))
  return types.size + some.size <= MOST_TAGS ? [...types, ...some] : [EVERY]
}

/** Returns the tags of all responses that an entity may be in. */
export function tagsToInvalidate(entities: readonly Entity[]): readonly string[] {
  if (entities.length === 0) return []
  const tags = entities.flatMap(({ typename, id }) =>
    id === undefined || id === null ? [typeTag(typename)] : [idTag(typename, id), someTag(typename)],
  )
  return [...new Set([...tags, EVERY])]
}

// No name of a type has a `:`.
function typeTag(typename: string): string {
  return textKey(`graphql:type:${typename}`)
}

function idTag(typename: string, id: number | string): string {
  return textKey(`graphql:id:${typename}:${id}`)
}

function someTag(typename: string): string {
  return textKey(`graphql:some:${typename}`)
}
