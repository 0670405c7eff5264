import { expect, test } from 'vitest'
import { HEARTBEAT_MS, Stage, type StageOptions } from '../stage.ts'
import { withoutOrdinals } from './without.ts'

// Three nodes have applied what a promoted replica lacks, and find it at the same moment.
async function play(options: StageOptions): Promise<{ readonly stage: Stage; readonly epochs: Set<string> }> {
  const stage = new Stage(3, options)
  const [one] = stage.players
  stage.commit('a')
  await stage.readAll('a')
  await stage.pass(HEARTBEAT_MS)
  const replica = stage.replica()
  await stage.change(one, 'a')
  await stage.pass(10)
  stage.takeOver(replica)
  stage.reconnectAll()
  const epochs = new Set<string>()
  for (let step = 0; step < 10 * HEARTBEAT_MS; step++) {
    await stage.pass(1)
    epochs.add(stage.head().epoch.random)
  }
  return { stage, epochs }
}

test('three nodes that meet a divergence at once write one new epoch between them', async () => {
  const { stage, epochs } = await play({})
  expect(epochs.size).toBe(2)
  expect(stage.head().epoch.ordinal).toBe(2)
  expect(await stage.readAll('a')).toEqual([2, 2, 2])
})

test('without ordinals they answer each other with epochs for ever', async () => {
  const { epochs } = await play(withoutOrdinals)
  expect(epochs.size).toBeGreaterThan(10)
})
