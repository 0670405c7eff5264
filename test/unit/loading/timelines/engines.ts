import { storeFrom } from '../../../../src/index.ts'
import { BoundedMap } from '../../../../src/memory/bounded-map.ts'
import { MemoryStore } from '../../../../src/memory/memory-store.ts'
import { valueKeeper } from '../../../../src/serialization/isolation.ts'
import { mapPrimitives } from '../../../support/own-cache.ts'
import type { Engine } from './stage.ts'

/** The engines of this package that need no server. */
export const ENGINES: readonly Engine[] = [
  {
    name: 'memory',
    makeStore: (clock) =>
      new MemoryStore(new BoundedMap({ clock, timers: clock }), valueKeeper({}), { clock }),
  },
  { name: 'a store of primitives', makeStore: (clock) => storeFrom(mapPrimitives(), { clock }) },
]
