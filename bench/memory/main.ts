// CPU time an operation of BoundedMap and MemoryCache against their peers, and bytes an entry.
//   npm ci --prefix bench && npm run bench:memory
//   npm run bench:memory -- 10000             only that size; `async` and `heap` are the other parts
// Each library runs in processes of its own, in rounds that take turns. A figure is the median over rounds of the
// least of several chunks. CPU time of the whole process, garbage collection included.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { figure } from '../figures.ts'
import { libraries as allLibraries } from './libraries.ts'

const { values: options, positionals: parts } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    sizes: { type: 'string', default: '10000,1000000' },
    // Only what the budgets name.
    budgets: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
const SIZES = options.sizes.split(',')
const libraries = options.budgets
  ? allLibraries.filter(({ name }) => name === 'BoundedMap' || name === 'lru-cache')
  : allLibraries
const BASE = 'lru-cache'

if (!existsSync(fileURLToPath(new URL('../node_modules', import.meta.url)))) {
  console.error('The peers are not installed: npm ci --prefix bench')
  process.exit(1)
}

function run(script: string, args: readonly string[], flags: readonly string[] = []): Record<string, number> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const child = spawnSync(process.execPath, ['--import', 'tsx', ...flags, path, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.status !== 0) throw new Error(`${script} ${args.join(' ')} failed`)
  return JSON.parse(child.stdout) as Record<string, number>
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)]!
}

function rounds(names: readonly string[], count: number, once: (name: string) => Record<string, number>) {
  const samples = new Map<string, Map<string, number[]>>(names.map((name) => [name, new Map()]))
  for (let round = 0; round < count; round++) {
    for (const name of names) {
      for (const [operation, ns] of Object.entries(once(name))) {
        if (typeof ns !== 'number') continue
        const row = samples.get(name)!
        row.set(operation, [...(row.get(operation) ?? []), ns])
      }
    }
  }
  return new Map(
    [...samples].map(([name, row]) => [name, new Map([...row].map(([op, v]) => [op, median(v)]))]),
  )
}

function wanted(part: string): boolean {
  return parts.length === 0 || parts.includes(part)
}

function reportSync(entries: number, count: number): void {
  if (!wanted(String(entries)) || !SIZES.includes(String(entries))) return
  const names = libraries.map(({ name }) => name)
  const table = rounds(names, count, (name) => run('worker.ts', [name, String(entries)]))
  const base = table.get(BASE)!
  const operations = [...base.keys()].filter((operation) => operation !== 'zipf hit ratio')
  console.log(`\n${entries} entries: ns of CPU an operation (times as fast as ${BASE})`)
  console.log(`${''.padEnd(12)}${operations.map((operation) => operation.padStart(15)).join('')}   zipf hits`)
  for (const [name, row] of table) {
    const cells = operations.map((operation) => {
      const ns = row.get(operation)
      if (ns === undefined) return '-'.padStart(15)
      return `${ns.toFixed(0)} (${(base.get(operation)! / ns).toFixed(2)})`.padStart(15)
    })
    if (name === 'BoundedMap')
      for (const [operation, ns] of row)
        figure(
          `${operation}, ${entries.toLocaleString('en')} entries, in speeds of lru-cache`,
          base.get(operation)! / ns,
        )
    console.log(`${name.padEnd(12)}${cells.join('')}   ${row.get('zipf hit ratio')?.toFixed(4) ?? ''}`)
  }
}

function reportHeap(): void {
  if (!wanted('heap') || !SIZES.includes('1000000')) return
  console.log('\nbytes an entry at 1,000,000 entries, keys and values excluded: without ttl, with ttl')
  for (const { name, ttl } of libraries) {
    const bytes = ['', 'ttl'].map((mode) => {
      if (mode === 'ttl' && !ttl) return '-'
      const { bytes = NaN } = run('heap.ts', [name, '1000000', mode], ['--expose-gc'])
      if (name === 'BoundedMap' && mode === 'ttl') figure('bytes an entry with ttl, 1,000,000 entries', bytes)
      return bytes.toFixed(1)
    })
    console.log(`${name.padEnd(12)} ${bytes.map((text) => text.padStart(8)).join('')}`)
  }
}

function reportAsync(): void {
  if (!wanted('async')) return
  const all = [
    'MemoryCache',
    'MemoryCache frozen',
    'bentocache',
    'cache-manager',
    'cache-manager, bounded',
    '@cacheable/memory',
    'structuredClone',
  ]
  const judged = new Set(['MemoryCache', 'bentocache', 'cache-manager', 'structuredClone'])
  const names = options.budgets ? all.filter((name) => judged.has(name)) : all
  const table = rounds(names, Number(options.rounds), (name) => run('async-worker.ts', [name]))
  const kinds = [...table.get('MemoryCache')!.keys()]
  for (const kind of kinds) {
    const own = table.get('MemoryCache')!.get(kind)!
    const peers = ['bentocache', 'cache-manager'].map((name) => table.get(name)?.get(kind) ?? NaN)
    figure(
      `awaited hit, ${kind}, cheaper than the cheaper of bentocache and cache-manager`,
      Math.min(...peers) / own,
    )
    const clone = table.get('structuredClone')?.get(kind)
    if (clone !== undefined) figure(`awaited hit, ${kind}, in structuredClone`, own / clone)
  }
  console.log('\nawait get, a hit: ns of CPU (times the cost of MemoryCache)')
  console.log(`${''.padEnd(24)}${kinds.map((kind) => kind.padStart(18)).join('')}`)
  for (const [name, row] of table) {
    const cells = kinds.map((kind) => {
      const ns = row.get(kind)
      if (ns === undefined) return '-'.padStart(18)
      return `${ns.toFixed(0)} (${(ns / table.get('MemoryCache')!.get(kind)!).toFixed(1)})`.padStart(18)
    })
    console.log(`${name.padEnd(24)}${cells.join('')}`)
  }
}

console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}`)
reportSync(10_000, Number(options.rounds))
reportAsync()
reportHeap()
reportSync(1_000_000, Math.min(2, Number(options.rounds)))
