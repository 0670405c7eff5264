// One process does the nightly report, at most two run a query, and one at a time changes a balance:
// `npx tsx examples/locks.ts`.
import { MemoryCache } from 'cachette'
import { Semaphore, withLock } from 'cachette/lock'

// On Redis, the same lines hold among all processes.
const cache = new MemoryCache()

// A lock would be free again when the first instance has ended. This mark stays for the period.
async function report(instance: string): Promise<void> {
  const isFirst = await cache.set('nightly-report:2026-11-30', instance, { ifAbsent: true, ttl: '2d' })
  console.log(instance, isFirst ? 'makes the report' : 'leaves it to the other')
}
await Promise.all([report('instance 1'), report('instance 2')])
await report('instance 2, an hour later')

const queries = new Semaphore(cache, 'slow-queries', 2)
let running = 0
let most = 0
async function query(): Promise<void> {
  await using _ = await queries.acquire()
  most = Math.max(most, ++running)
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
  running--
}
await Promise.all(Array.from({ length: 10 }, query))
console.log('queries at a time:', most)

let balance = 0
const deposit = async (): Promise<void> => {
  const before = balance
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
  balance = before + 10
}
await Promise.all(Array.from({ length: 5 }, async () => withLock(cache, 'account:7', deposit)))
console.log('balance:', balance)
