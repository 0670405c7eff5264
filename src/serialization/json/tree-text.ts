import { listMarks, mostChoices } from './marks.ts'

/** Returns the tree of an array from the trees of its elements. An empty text means nothing to revive in an element. */
export function treeOfElements(trees: readonly string[], marked: number): string {
  if (marked === 0) return ''
  const first = trees[0]!
  if (marked === trees.length && trees.every((tree) => tree === first))
    return `["${listMarks.each}",${first}]`
  return chosenTrees(trees, marked) ?? treeByIndex(trees)
}

/** Writes few shapes in many elements, such as records with optional dates, as one digit for each element. */
function chosenTrees(trees: readonly string[], marked: number): string | undefined {
  if (marked * 8 < trees.length) return undefined
  const choices = new Map<string, string>()
  let digits = ''
  for (const tree of trees) {
    let digit = tree === '' ? '0' : choices.get(tree)
    if (digit === undefined) {
      if (choices.size === mostChoices) return undefined
      digit = (choices.size + 1).toString(36)
      choices.set(tree, digit)
    }
    digits += digit
  }
  // If every element has a shape of its own, naming them by index is as short and easier to read.
  return choices.size * 2 > marked
    ? undefined
    : `["${listMarks.chosen}",[${[...choices.keys()].join(',')}],"${digits}"]`
}

function treeByIndex(trees: readonly string[]): string {
  const marked: string[] = []
  for (const [index, tree] of trees.entries()) if (tree !== '') marked.push(`"${index}":${tree}`)
  return `{${marked.join(',')}}`
}

/** Returns a mark with its arguments and, if there is one, the tree of its inside. */
export function listMark(mark: string, args: readonly (string | number)[], tree: string): string {
  const head = JSON.stringify([mark, ...args])
  return tree === '' ? head : `${head.slice(0, -1)},${tree}]`
}
