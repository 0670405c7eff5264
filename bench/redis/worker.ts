// Measures one library in a process of its own, and prints microseconds of CPU an operation as JSON.
//   worker.ts <library> <port> <bytes> <in flight>
import { libraries } from './libraries.ts'

const [name = '', port = '', bytes = '', inFlight = ''] = process.argv.slice(2)
const size = Number(bytes)
const parallel = Number(inFlight)
const KEYS = 200
const MANY = 100
const TTL_SECONDS = 600
const CHUNKS = 5

const library = libraries.find((one) => one.name === name)
if (library === undefined) throw new Error(`no library ${name}`)
const subject = await library.open(Number(port))

// Returns a record with a text that makes up its size.
function record(id: number): object {
  const fields = { id, name: `name ${id}`, active: id % 2 === 0, score: id / 8, text: '' }
  return { ...fields, text: 'x'.repeat(Math.max(0, size - JSON.stringify(fields).length)) }
}

const keys = Array.from({ length: KEYS }, (_, index) => `key:${index}`)
const values = keys.map((_, index) => record(index))
const entries = keys.slice(0, MANY).map((key, index) => [key, values[index]] as const)
const manyKeys = keys.slice(0, MANY)

for (const [index, key] of keys.entries()) await subject.set(key, values[index], TTL_SECONDS)
const back = (await subject.get('key:7')) as { id?: number } | undefined
if (back?.id !== 7) throw new Error(`${name} lost an entry: ${JSON.stringify(back)}`)

// Each of `parallel` callers makes its next call when it has the answer to the last.
async function cpuOf(count: number, call: (index: number) => Promise<unknown>): Promise<number> {
  let next = 0
  const caller = async (): Promise<void> => {
    while (next < count) await call(next++)
  }
  const before = process.cpuUsage()
  await Promise.all(Array.from({ length: parallel }, caller))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

async function least(count: number, call: (index: number) => Promise<unknown>): Promise<number> {
  await cpuOf(Math.ceil(count / 2), call)
  let best = Infinity
  for (let chunk = 0; chunk < CHUNKS; chunk++) best = Math.min(best, await cpuOf(count, call))
  return best
}

const scale = size > 10_000 ? 0.05 : 1
const one = Math.ceil((parallel === 1 ? 3000 : 10_000) * scale)
// The number of calls lets the compiler finish its work before the last chunk.
const many = Math.ceil((parallel === 1 ? 300 : 1000) * scale)
const results: Record<string, number> = {
  get: await least(one, (index) => subject.get(keys[index % KEYS]!)),
  set: await least(one, (index) => subject.set(keys[index % KEYS]!, values[index % KEYS], TTL_SECONDS)),
}
if (subject.getMany !== undefined)
  results['getMany(100)'] = await least(many, () => subject.getMany!(manyKeys))
if (subject.setMany !== undefined)
  results['setMany(100)'] = await least(many, () => subject.setMany!(entries, TTL_SECONDS))
if (subject.increment !== undefined) {
  results['increment'] = await least(one, (index) => subject.increment!(`n:${index % KEYS}`, TTL_SECONDS))
}
process.stdout.write(JSON.stringify(results))
process.exit(0)
