import type { AtomicStore } from '../core/atomic-store.ts'
import { afterTurn } from '../core/time/system.ts'

// In memory a permit passes from one caller to the next without a turn of the event loop.
const PER_TURN = 100

interface Turn {
  handOvers: number
  ended: Promise<void> | undefined
}

const turns = new WeakMap<AtomicStore, Turn>()

/**
 * Counts that permits of the store are handed on. Returns a promise to wait for if that was often in this turn already.
 */
export function handOver(store: AtomicStore): Promise<void> | undefined {
  const turn = turns.get(store) ?? { handOvers: 0, ended: undefined }
  turns.set(store, turn)
  if (turn.handOvers === 0)
    afterTurn(() => {
      turn.handOvers = 0
    })
  if (++turn.handOvers <= PER_TURN) return undefined
  turn.ended ??= new Promise((resolve) => {
    afterTurn(() => {
      turn.ended = undefined
      resolve()
    })
  })
  return turn.ended
}
