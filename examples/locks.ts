// One process at a time does the nightly report, and at most two run a query: `npx tsx examples/locks.ts`.
import { MemoryCache } from 'cachette'
import { Lock, Semaphore, withLock } from 'cachette/lock'

// On Redis, the same lines hold among all processes.
const cache = new MemoryCache()

async function report(instance: string): Promise<void> {
  const held = await new Lock(cache, 'nightly-report').tryAcquire()
  if (held === undefined) {
    console.log(instance, 'leaves it to the other')
    return
  }
  await using _ = held
  console.log(instance, 'makes the report')
  await Promise.resolve()
}
await Promise.all([report('instance 1'), report('instance 2')])

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
