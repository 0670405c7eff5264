// Bytes an entry of a full cache with ttl. Keys and values are excluded, because they exist before the first
// measurement.
import { libraries } from './libraries.ts'

const [name = '', size = '', ttl = ''] = process.argv.slice(2)
const N = Number(size)
const library = libraries.find((library) => library.name === name)!
const keys = Array.from({ length: N }, (_, i) => `user:${i}`)
const values = keys.map((key) => ({ key }))

function used(): number {
  for (let i = 0; i < 4; i++) globalThis.gc!()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const before = used()
const cache = await library.make(N, ttl === 'ttl' ? 3_600_000 : undefined)
for (let i = 0; i < N; i++) cache.set(keys[i]!, values[i]!)
const after = used()
if (cache.get(keys[N - 1]!) === undefined) throw new Error('the last entry is missing')
process.stdout.write(JSON.stringify({ bytes: (after - before) / N }))
process.exit(0)
