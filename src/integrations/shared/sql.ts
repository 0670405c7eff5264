const READS = /^\s*\(?\s*(?:select|show|explain|pragma|values)\b/i
// A statement that begins as a read may go on as a write.
const GOES_ON = /\binto\b|;\s*\S|\banalyze\b/i
const CHANGES =
  /\b(?:insert|update|delete|merge|replace|truncate|alter|drop|rename|copy|call|into|refresh)\b/i

const NAME = '("[^"]+"|`[^`]+`|[\\w$]+)'
const TABLE = `\\s+(?:only\\s+)?(?!lateral\\b)${NAME}(?:\\s*\\.\\s*${NAME})?`
const READ = new RegExp(`\\b(?:from|join)${TABLE}`, 'gi')
const WRITTEN = new RegExp(`\\b(?:insert\\s+into|update|delete\\s+from|merge\\s+into)${TABLE}`, 'gi')

/** Whether a statement may change rows. A statement that is not known to read only, and names a change, may. */
export function mayChange(text: string): boolean {
  const isRead = READS.test(text) && !GOES_ON.test(text)
  return !isRead && CHANGES.test(text)
}

/** Returns the tables whose names are in the text of a statement, in any case, because databases fold names. */
export function tablesIn(text: string, tables: Iterable<string>): readonly string[] {
  const folded = text.toLowerCase()
  const words = new Set(folded.match(/[\w$]+/g))
  return [...new Set(tables)].filter((table) => {
    const name = table.toLowerCase()
    return /^[\w$]+$/.test(name) ? words.has(name) : folded.includes(name)
  })
}

/** Returns the names in the text of a statement that stand where a table is read: `users`, or `shop.users`. */
export function tablesReadBy(text: string): readonly string[] {
  return namesBy(READ, text)
}

/** Returns the names in the text of a statement that stand where a table is written. */
export function tablesWrittenBy(text: string): readonly string[] {
  return namesBy(WRITTEN, text)
}

function namesBy(pattern: RegExp, text: string): readonly string[] {
  return Array.from(text.matchAll(pattern), ([, ...names]) =>
    names.flatMap((name) => name?.replaceAll(/["`]/g, '') ?? []).join('.'),
  )
}
