// Runs the outage once for each way to cache, and writes docs/outage.svg and the table in docs/outage.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { draw } from './draw.ts'
import { runOutage, WAYS, type Outcome } from './outage.ts'

const PAGE = fileURLToPath(new URL('../../docs/outage.md', import.meta.url))
const PICTURE = fileURLToPath(new URL('../../docs/outage.svg', import.meta.url))
const TABLE = /(<!-- figures: written by `npm run bench:outage` -->\n\n)[^]*?(\n<!-- end of figures -->)/

/** Returns the page with its figures, and the picture. */
export async function render(page: string): Promise<{ readonly page: string; readonly picture: string }> {
  const outcomes: Outcome[] = []
  for (const { name, options } of WAYS) outcomes.push(await runOutage(name, options))
  return { page: page.replace(TABLE, `$1${table(outcomes)}$2`), picture: draw(outcomes) }
}

function table(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(
    ({
      name,
      failed,
      stale,
      staleBefore,
      staleAfter,
      medianMs,
      p99Ms,
      slowestMs,
      queries,
      queriesInOutage,
    }) =>
      `| ${name} | ${failed} | ${staleBefore} | ${stale - staleBefore - staleAfter} | ${staleAfter} | ${medianMs} ms | ${p99Ms} ms | ${slowestMs} ms | ${queriesInOutage} | ${queries} |\n`,
  )
  return `| | failed | stale before | in the outage | after | median wait | 99 % | slowest | queries in the outage | queries in all |\n|---|---|---|---|---|---|---|---|---|---|\n${rows.join('')}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { page, picture } = await render(readFileSync(PAGE, 'utf8'))
  writeFileSync(PAGE, page)
  writeFileSync(PICTURE, picture)
  console.log(TABLE.exec(page)![0])
}
