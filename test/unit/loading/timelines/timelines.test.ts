import { contextTimelines } from './contexts.ts'
import { ENGINES } from './engines.ts'
import { limitTimelines } from './limits.ts'
import { pairwiseTimelines } from './pairwise.ts'
import { staleTimelines } from './stale.ts'

for (const engine of ENGINES) {
  staleTimelines(engine)
  limitTimelines(engine)
  contextTimelines(engine)
  pairwiseTimelines(engine)
}
