// One process of the pool: runs the batches it is sent, one after the other.
import { runAuditBatch, type AuditBatch } from './runs.ts'

let work = Promise.resolve()
process.on('message', (batch: AuditBatch) => {
  work = work.then(async () => void process.send!(await runAuditBatch(batch)))
})
process.on('disconnect', () => process.exit())
