import { namespaceTag } from '../../src/keys/tags.ts'
import type { SeededRandom } from '../../src/testing/random.ts'

/** A key, as clients read and write it. */
export interface Target {
  readonly key: string
  /** Its name in its namespace, or the key. */
  readonly name: string
  /** Tags of its entry, besides that of its namespace. A key of the cache itself has none. */
  readonly tags: readonly string[]
}

/** A namespace of generations. Its name is the prefix of no other key. */
export const SPACE = '0'
/** The tag of that namespace. */
export const SPACE_TAG: string = namespaceTag(`${SPACE}:`)

// Few keys meet in every race. With many, the next invalidation does not repair one that an operation missed. Keys that
// share a letter share a prefix.
const NAMES: readonly (readonly string[])[] = [
  ['a1', 'a2', 'b1'],
  ['a1', 'a2', 'a3', 'b1', 'b2', 'c1'],
  Array.from('abcdefghijkl', (letter, index) => `${letter}${index % 2}`),
]

/** Returns the keys of a world: by turns plain, and with tags in a namespace. */
export function targetsOf(
  random: SeededRandom,
  keys: readonly string[] | undefined,
  tagged: boolean,
): readonly Target[] {
  const names = random.pick(NAMES)
  return (keys ?? names).map((name, index) => {
    if (!tagged || index % 2 === 0) return { key: name, name, tags: [] }
    return { key: `${SPACE}:${name}`, name, tags: index % 4 === 1 ? ['s', 't'] : ['t'] }
  })
}

/** Whether entries of the key bear the tag. */
export function isTagged({ tags }: Target, tag: string): boolean {
  return tags.length > 0 && (tags.includes(tag) || tag === SPACE_TAG)
}
