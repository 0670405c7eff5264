import { bytesOf, viewName, type Kind, type View } from '../../internal/kinds.ts'
import { leafMarks, listMarks } from './marks.ts'
import { listMark } from './tree-text.ts'

/** The form in JSON text of a value without parts, and its tree. An empty tree = JSON keeps the value. */
export interface Leaf {
  readonly body: unknown
  readonly tree: string
}

/** The leaf of `undefined`, which JSON lacks. */
export const undefinedLeaf: Leaf = marked(leafMarks.undefined, null)
const nan = marked(leafMarks.nan, null)
const infinity = marked(leafMarks.infinity, null)
const negativeInfinity = marked(leafMarks.negativeInfinity, null)
const negativeZero = marked(leafMarks.negativeZero, 0)

/** Whether JSON keeps the value and it has no parts. The walk decides it in its loops, because most leaves are such. */
export function isPlainLeaf(value: unknown): boolean {
  if (typeof value === 'number') return value - value === 0 && (value !== 0 || 1 / value > 0)
  return typeof value === 'string' || typeof value === 'boolean' || value === null
}

/** Returns the leaf of a number. JSON lacks four numbers. */
export function numberLeaf(value: number): Leaf {
  if (isPlainLeaf(value)) return { body: value, tree: '' }
  if (value === 0) return negativeZero
  if (value !== value) return nan
  return value > 0 ? infinity : negativeInfinity
}

/** Returns the leaf of a BigInt. */
export function bigintLeaf(value: bigint): Leaf {
  return marked(leafMarks.bigint, formatBigInt(value))
}

/** Returns the leaf of an object of a kind without parts. */
export function objectLeaf(value: object, kind: Kind): Leaf {
  switch (kind) {
    case 'date': {
      const time = Date.prototype.getTime.call(value)
      return marked(leafMarks.date, Number.isNaN(time) ? null : Date.prototype.toISOString.call(value))
    }
    case 'regexp': {
      const { source, flags, lastIndex } = value as RegExp
      // Any other place is where a search begins, too, but readers expect a whole number.
      const args = Number.isSafeInteger(lastIndex) && lastIndex > 0 ? [flags, lastIndex] : [flags]
      return { body: source, tree: listMark(listMarks.regexp, args, '') }
    }
    case 'url':
      return marked(leafMarks.url, (value as URL).href)
    case 'url-search-params':
      return marked(leafMarks.urlSearchParams, (value as URLSearchParams).toString())
    case 'array-buffer':
      return marked(leafMarks.arrayBuffer, Buffer.from(value as ArrayBuffer).toString('base64'))
    default:
      return marked(viewName(value as View), bytesOf(value as View).toString('base64'))
  }
}

function marked(mark: string, body: unknown): Leaf {
  return { body, tree: `"${mark}"` }
}

// Writes hexadecimal text, because reading decimal text takes time that grows with the square of its length.
function formatBigInt(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`
}
