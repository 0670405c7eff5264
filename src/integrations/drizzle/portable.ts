/**
 * Returns the part of a driver's result from which Drizzle maps the rows. The rest (parsers, classes, descriptions of
 * columns) can't be stored, and Drizzle reads none of it from a cache.
 */
export function portable(result: unknown): unknown {
  if (Array.isArray(result)) return isWithFields(result) ? [plain(result[0])] : plain(result)
  if (typeof result !== 'object' || result === null) return result
  const rows: unknown = Reflect.get(result, 'rows')
  return Array.isArray(rows) ? { rows: plain(rows) } : result
}

// mysql2 answers `[rows, fields]`.
function isWithFields(result: readonly unknown[]): boolean {
  const [, fields] = result
  if (result.length !== 2 || !Array.isArray(fields) || fields.length === 0) return false
  return fields.every((field) => typeof field === 'object' && field !== null && 'columnType' in field)
}

// postgres.js answers an array of a class of its own.
function plain(rows: unknown): unknown {
  return Array.isArray(rows) ? Array.from(rows, (row: unknown) => plainRow(row)) : rows
}

// libsql keeps the columns of a row by number, in properties that no serializer sees.
function plainRow(row: unknown): unknown {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return row
  const length = Object.getOwnPropertyDescriptor(row, 'length')
  if (length?.enumerable !== false || typeof length.value !== 'number') return row
  return Array.from(row as ArrayLike<unknown>)
}
