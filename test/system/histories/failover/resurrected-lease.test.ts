import { expect, test } from 'vitest'
import { deferred } from '../../../support/deferred.ts'
import { HEARTBEAT_MS, Stage, type StageOptions } from '../stage.ts'
import { withoutReconnection, withoutReplay } from './without.ts'

// R10: a lease that an invalidation has voided is back on the promoted replica. Its holder fills under it with a value
// that it had read before. The holder has no news because its lines were cut before the invalidation.
async function play(options: StageOptions): Promise<Stage> {
  const stage = new Stage(2, options)
  const [holder, other] = stage.players
  await stage.pass(HEARTBEAT_MS)
  stage.commit('a')
  const loaded = deferred<readonly [number]>()
  const reading = holder.cache.getOrSet('a', () => loaded.promise)
  await stage.pass(10)
  const replica = stage.replica()
  holder.listensTo = undefined
  await stage.change(other, 'a')
  stage.takeOver(replica)
  holder.remote.connect(stage.server)
  loaded.resolve([1])
  await stage.until(reading)
  return stage
}

async function mend(stage: Stage): Promise<void> {
  stage.reconnectAll()
  await stage.pass(3 * HEARTBEAT_MS)
}

test('R10: a load that was in flight over a new connection fills nothing', async () => {
  const stage = await play({})
  expect(stage.server.read('a')).toBe(undefined)
  await mend(stage)
  expect(await stage.readAll('a')).toEqual([2, 2])
})

test('R10: what was filled under a lease that came back is gone after the replay', async () => {
  const stage = await play(withoutReconnection)
  expect(stage.server.read('a')?.text).toBe('[1]')
  await mend(stage)
  expect(await stage.readAll('a')).toEqual([2, 2])
})

test('without the replay, it stays', async () => {
  const stage = await play({
    remote: (remote) => withoutReplay.remote!(withoutReconnection.remote!(remote)),
  })
  await mend(stage)
  expect(await stage.readAll('a')).toContain(1)
})
