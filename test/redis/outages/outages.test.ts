import { expect, it } from 'vitest'
import { describeWithServers } from '../servers/index.ts'
import { playOutage } from './run.ts'
import { SCENARIOS } from './scenarios.ts'

const quick = SCENARIOS.filter(({ name }) =>
  ['absent at start', 'killed', 'frozen', 'wrong password'].includes(name),
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
})
