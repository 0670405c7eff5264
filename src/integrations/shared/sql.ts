const READS = /^\s*\(?\s*(?:select|show|explain|pragma|values)\b/i
const CHANGES = /\b(?:insert|update|delete|merge|replace|truncate|alter|drop|rename|copy|call|into)\b/i

/** Whether a statement may change rows. A statement that is not known to read only, and names a change, may. */
export function mayChange(text: string): boolean {
  const isRead = READS.test(text) && !/\binto\b/i.test(text)
  return !isRead && CHANGES.test(text)
}

/** Returns the tables whose names are in the text of a statement. */
export function tablesIn(text: string, tables: Iterable<string>): readonly string[] {
  return [...new Set(tables)].filter((table) => text.includes(table))
}
