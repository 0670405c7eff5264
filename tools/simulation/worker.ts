// One process of the pool: runs the batches it is sent, one after the other.
import { runBatch, type Batch } from './runs.ts'

let work = Promise.resolve()
process.on('message', (batch: Batch) => {
  work = work.then(async () => void process.send!(await runBatch(batch)))
})
process.on('disconnect', () => process.exit())
