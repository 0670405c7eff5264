// Measures one library in a process of its own and prints nanoseconds of CPU an operation as JSON. So no library is
// measured on code that was compiled for another one.
import { libraries } from './libraries.ts'
import type { SyncCache } from './libraries.ts'

const [name = '', size = ''] = process.argv.slice(2)
const N = Number(size)
const library = libraries.find((library) => library.name === name)!
const chunk = Math.max(200_000, Math.min(N, 500_000))
const chunks = N > 100_000 ? 3 : 7
const results: Record<string, number> = {}
const HOUR_MS = 3_600_000

let seed = 12_345
function random(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}

function names(prefix: string, count: number, from = 0): string[] {
  // Through an object's keys, strings are internalised, as keys that a program holds on to mostly are.
  const keys = Array.from({ length: count }, (_, i) => `${prefix}:${from + i}`)
  return keys
}

function shuffled(count: number, length: number): Int32Array {
  return Int32Array.from({ length }, () => Math.floor(random() * count))
}

function measure(operation: string, run: (round: number) => void, count = chunk): void {
  let least = Infinity
  for (let round = 0; round < chunks; round++) {
    const before = process.cpuUsage()
    run(round)
    const { user, system } = process.cpuUsage(before)
    // The first round is for the compiler.
    if (round > 0) least = Math.min(least, ((user + system) * 1000) / count)
  }
  results[operation] = least
}

let sink: unknown

function measureReads(cache: SyncCache, keys: string[], order: Int32Array, suffix: string): void {
  measure(`get${suffix}`, () => {
    for (let i = 0; i < chunk; i++) sink = cache.get(keys[order[i]!]!)
  })
}

function measureWrites(cache: SyncCache, keys: string[], order: Int32Array, suffix: string): void {
  measure(`update${suffix}`, () => {
    for (let i = 0; i < chunk; i++) cache.set(keys[order[i]!]!, i)
  })
  if (!cache.bounded) return
  const fresh = Array.from({ length: chunks }, (_, round) => names(`new${suffix}`, chunk, round * chunk))
  measure(`evict${suffix}`, (round) => {
    const keys = fresh[round]!
    for (let i = 0; i < chunk; i++) cache.set(keys[i]!, i)
  })
}

const keys = names('user', N)
const absent = names('none', N)
const order = shuffled(N, chunk)

const cache = await library.make(N, undefined)
for (const key of keys) cache.set(key, key.length)
measureReads(cache, keys, order, '')
measure('miss', () => {
  for (let i = 0; i < chunk; i++) sink = cache.get(absent[order[i]!]!)
})
measure('fresh key', () => {
  for (let i = 0; i < chunk; i++) sink = cache.get(`user:${order[i]!}`)
})
measureWrites(cache, keys, order, '')

if (library.ttl) {
  const cache = await library.make(N, HOUR_MS)
  for (const key of keys) cache.set(key, key.length)
  measureReads(cache, keys, order, ' ttl')
  measureWrites(cache, keys, order, ' ttl')
}

if (cache.bounded) {
  const universe = 10 * N
  const cache = await library.make(N, undefined)
  const zipf = zipfOrder(universe, chunk * chunks)
  const zipfKeys = names('z', universe)
  let hits = 0
  measure('zipf', (round) => {
    hits = 0
    for (let i = round * chunk; i < (round + 1) * chunk; i++) {
      const key = zipfKeys[zipf[i]!]!
      if (cache.get(key) === undefined) cache.set(key, i)
      else hits++
    }
  })
  results['zipf hit ratio'] = hits / chunk
}

// Returns ranks by the inverse of the cumulated Zipf 0.99 distribution, scattered over the key space.
function zipfOrder(universe: number, length: number): Int32Array {
  const cumulated = new Float64Array(universe)
  let sum = 0
  for (let rank = 0; rank < universe; rank++) cumulated[rank] = sum += 1 / (rank + 1) ** 0.99
  return Int32Array.from({ length }, () => {
    const target = random() * sum
    let low = 0
    let high = universe - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (cumulated[middle]! < target) low = middle + 1
      else high = middle
    }
    return Math.imul(low, 7919) % universe
  })
}

process.stdout.write(JSON.stringify({ ...results, sink: typeof sink }))
process.exit(0)
