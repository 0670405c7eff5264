import { describe } from 'vitest'
import { testFleet } from './fleet.ts'

describe('a simulated fleet under policy available', () => {
  testFleet('available', 151)
})
