import { appendFileSync } from 'node:fs'

const FILE = process.env['CACHETTE_BENCH_FIGURES']

/** Notes a figure for `npm run bench`, which compares it with its budget. A benchmark that is run alone notes nothing. */
export function figure(name: string, value: number): void {
  if (FILE !== undefined) appendFileSync(FILE, `${JSON.stringify({ name, value })}\n`)
}
