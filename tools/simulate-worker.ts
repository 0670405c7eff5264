// One process of `npm run simulate`: every n-th seed of every cell.
import { FAULT_MIXES } from '../src/testing/simulation/mixes.ts'
import { World } from '../src/testing/simulation/world.ts'

interface Task {
  readonly cells: readonly { readonly mix: string; readonly policy: 'strict' | 'available' }[]
  readonly seeds: number
  readonly first: number
  readonly worker: number
  readonly workers: number
}

async function work({ cells, seeds, first, worker, workers }: Task): Promise<void> {
  for (let seed = first + worker; seed < first + seeds; seed += workers) {
    for (const [index, { mix, policy }] of cells.entries()) {
      const report = await new World({ seed, faults: FAULT_MIXES[mix]!, policy }).run()
      process.send!({ index, report: { ...report, happenings: [] } })
    }
  }
  process.disconnect()
}

process.once('message', (task) => void work(task as Task))
