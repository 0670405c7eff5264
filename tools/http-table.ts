// Writes the table of docs/http.md from the requests that test/integrations/http/table.test.ts sends.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderTable } from '../test/integrations/http/table.ts'

const page = join(import.meta.dirname, '../docs/http.md')
const text = readFileSync(page, 'utf8')
const [before, rest] = text.split('<!-- table -->\n')
const [, after] = rest?.split('<!-- end of the table -->') ?? []
if (before === undefined || after === undefined) throw new Error('docs/http.md lacks the marks of its table')
writeFileSync(page, `${before}<!-- table -->\n${renderTable()}\n<!-- end of the table -->${after}`)
