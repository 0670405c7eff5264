// The cost of a load does not grow with the number of loads that wait beside it.
import { expect, it } from 'vitest'
import { MemoryCache } from 'cachette'

async function timeForEach(count: number): Promise<number> {
  let least = Infinity
  for (let round = 0; round < 3; round++) {
    const cache = new MemoryCache({ maxEntries: count })
    const entries = Array.from({ length: count }, (_, index) => [`key:${index}`, () => 1] as const)
    const beganAt = process.cpuUsage()
    expect(await cache.warm(entries)).toBe(count)
    const { user, system } = process.cpuUsage(beganAt)
    least = Math.min(least, (user + system) / count)
    await cache.close()
  }
  return least
}

it('a load of warm costs about the same beside 60,000 others as beside 3,000', async () => {
  await timeForEach(3_000)
  const few = await timeForEach(3_000)
  expect((await timeForEach(60_000)) / few).toBeLessThan(4)
})
