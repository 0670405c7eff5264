// The cost of an active AsyncLocalStorage to every await of the process (docs/decisions/0002-recursive-loads.md).
import { AsyncLocalStorage } from 'node:async_hooks'

const CALLS = 1_000_000
const storage = new AsyncLocalStorage()
const answer = async (value) => value
const load = async () => {
  await Promise.resolve()
  return 1
}

async function measure(label, call) {
  let best = Infinity
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage()
    for (let index = 0; index < CALLS; index++) await call(index)
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, ((user + system) * 1000) / CALLS)
  }
  console.log(`${label.padEnd(44)} ${best.toFixed(0).padStart(6)} ns of CPU`)
}

await measure('await, storage never used', answer)
storage.run({}, () => undefined)
await measure('await, storage used once', answer)
storage.disable()
await measure('await, storage disabled again', answer)
await measure('load outside of the storage', load)
await measure('load in the storage, disabled after it', async () => {
  const result = await storage.run({}, load)
  storage.disable()
  return result
})
