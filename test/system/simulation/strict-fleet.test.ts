import { describe } from 'vitest'
import { testFleet } from './fleet.ts'

describe('a simulated fleet under policy strict', () => {
  testFleet('strict', 2)
})
