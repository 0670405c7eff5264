import { describe, expect, it } from 'vitest'
import { LocalAtomicStore } from '../../../src/in-process/local-atomic-store.ts'
import { limitStep } from '../../../src/ratelimit/steps.ts'
import { ManualClock } from '../memory/manual-clock.ts'
import { SeededRandom } from '../../../src/testing/random.ts'
import { ModelKey } from './models.ts'
import { RULES, randomRequest } from './traffic.ts'

// `npm run test:limits` asks for the full 1,000,000 of each.
const REQUESTS = Number(process.env['CACHETTE_LIMIT_REQUESTS'] ?? 35_000)
const SEED = Number(process.env['CACHETTE_SEED'] ?? 20_261)
const KEYS = 20

describe(`limits in memory, ${REQUESTS} random requests each, seed ${SEED}`, () => {
  it.each(Object.entries(RULES))(
    'decide like the model: %s',
    (_, rules) => {
      const random = new SeededRandom(SEED).next
      const clock = new ManualClock(1000)
      const atomic = new LocalAtomicStore({ clock, timers: clock, random })
      const models = Array.from({ length: KEYS }, () => new ModelKey(rules))
      let admitted = 0
      for (let count = 0; count < REQUESTS; count++) {
        // Some keys are asked for much more often than others; now and then nothing happens for a while.
        const key = Math.floor(random() ** 3 * KEYS)
        const step = random()
        if (step < 0.5) clock.advance(step < 0.001 ? Math.floor(random() * 400) : random() * 4)
        const request = randomRequest(random, rules)
        const answer = atomic.run(limitStep, { kind: 'limit', key: String(key) }, request)
        const expected = models[key]!.ask(request.mode, answer.atMs, request.quantity)
        if (request.mode === 'consume' && answer.allowed) admitted++
        const { allowed, standings } = answer
        // The texts, because comparing a million objects would take minutes.
        const [given, wanted] = [JSON.stringify({ allowed, standings }), JSON.stringify(expected)]
        if (given !== wanted)
          throw new Error(`request ${count}, ${JSON.stringify(request)}: ${given} instead of ${wanted}`)
      }
      // Both answers were put to the test.
      expect(admitted).toBeGreaterThan(REQUESTS / 50)
      expect(admitted).toBeLessThan(REQUESTS * 0.75)
    },
    600_000,
  )
})
