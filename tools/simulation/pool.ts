import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

/**
 * Runs batches on all cores, each core in a process of its own, which runs the module `worker`. Begins no more of them
 * once `goesOn` returns false. `onTally` receives each result as its batch ends.
 */
export async function runOnAllCores<Batch extends object, Tally>(
  worker: URL,
  batches: readonly Batch[],
  onTally: (tally: Tally) => void,
  goesOn: () => boolean,
): Promise<void> {
  const waiting = [...batches]
  const next = (): Batch | undefined => (goesOn() ? waiting.shift() : undefined)
  const processes = Math.min(availableParallelism(), batches.length)
  await Promise.all(Array.from({ length: processes }, () => serve(fileURLToPath(worker), next, onTally)))
}

async function serve<Batch extends object, Tally>(
  file: string,
  nextBatch: () => Batch | undefined,
  onTally: (tally: Tally) => void,
): Promise<void> {
  const worker = fork(file)
  return new Promise((resolve, reject) => {
    const next = (): void => {
      const batch = nextBatch()
      if (batch === undefined) worker.disconnect()
      else worker.send(batch)
    }
    worker.on('message', (tally: Tally) => {
      onTally(tally)
      next()
    })
    worker.on('error', reject)
    worker.on('exit', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`a process of the simulation ended with ${signal ?? code}`))
    })
    next()
  })
}
