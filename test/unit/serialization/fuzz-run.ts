// npm run fuzz:serialization [-- inputs for each decoder] [-- seed]: mutated and random inputs for every decoder.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fuzzTargets } from './fuzz-targets.ts'
import { fuzz } from './fuzz.ts'

const [inputs = 1_000_000, seed = 1] = process.argv.slice(2).map(Number)
const batch = 50_000
// Without arguments it collects everything at once.
const collect = globalThis.gc as (() => void) | undefined
if (collect === undefined) throw new Error('run with --expose-gc')

for (const target of fuzzTargets()) {
  // The first batch fills caches; from then on nothing may stay behind.
  fuzz(target, Math.min(inputs, batch), seed)
  await settled(collect)
  const before = process.memoryUsage().heapUsed
  let read = 0
  let slowestMs = 0
  for (let done = 0; done < inputs; done += batch) {
    const report = fuzz(target, Math.min(batch, inputs - done), seed + 1 + done)
    if (report.failures.length > 0) throw new Error(report.failures.join('\n'))
    read += report.read
    slowestMs = Math.max(slowestMs, report.slowestMs)
    await settled(collect)
  }
  const grownKb = (process.memoryUsage().heapUsed - before) / 1_024
  console.log(
    `${target.name}: ${inputs} inputs, ${read} of them read, slowest ${slowestMs.toFixed(1)} ms, heap ${grownKb.toFixed(0)} KB`,
  )
  if (grownKb > 2_048) throw new Error(`${target.name}: the heap grew`)
}

/** zlib frees what a failed call had allocated in the next turn only. */
async function settled(collect: () => void): Promise<void> {
  await nextTurn()
  await nextTurn()
  collect()
  collect()
}
