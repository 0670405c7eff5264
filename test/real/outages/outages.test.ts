import { expect, it } from 'vitest'
import { describeWithServers } from '../servers/index.ts'
import { playFirstCalls } from './first-calls.ts'
import { playOutage } from './run.ts'
import { SCENARIOS } from './scenarios.ts'

const quick = SCENARIOS.filter(({ name }) =>
  ['absent at start', 'killed', 'frozen', 'wrong password', 'password rotated'].includes(name),
)

describeWithServers('outages', () => {
  it.each(
    quick.flatMap((scenario) =>
      (['node-redis 6', 'ioredis 5'] as const).map((client) => ({ scenario, client })),
    ),
  )('keeps its promises while Redis is $scenario.name, with $client', async ({ scenario, client }) => {
    const { breaches } = await playOutage(scenario, client)
    expect(breaches).toEqual([])
  })
  it.each(['node-redis 6', 'ioredis 5'] as const)(
    'lets no first call wait any longer, with %s',
    async (client) => {
      const { breaches } = await playFirstCalls(client)
      expect(breaches).toEqual([])
    },
  )
})
