import type { ServerOp } from './server-entries.ts'
import type { History } from './history.ts'

interface Key {
  /** Changes of the key that the clients of the node have begun. */
  begun: number
  /** Those that have not ended. */
  open: number
  /** Whether the last change was a `set` that was answered with `true`, and no other was under way with it. */
  isStored: boolean
}

/**
 * Judges I19: an answer of `true` is not undone by the replay of the same node. A deletion that a node sends for a key
 * of which its clients have begun no change since is a replay.
 */
export class AnswerWatch {
  readonly #history: History
  readonly #keys = new Map<string, Key>()

  constructor(history: History) {
    this.#history = history
  }

  /** A client of the node begins a change of the key; tell its end, and whether it was a `set` answered with `true`. */
  begin(node: string, key: string): (isStored: boolean) => void {
    const name = `${node} ${key}`
    const known = this.#keys.get(name) ?? { begun: 0, open: 0, isStored: false }
    this.#keys.set(name, known)
    const isAlone = known.open === 0
    const place = ++known.begun
    known.open++
    known.isStored = false
    return (isStored) => {
      known.open--
      known.isStored = isStored && isAlone && known.begun === place
    }
  }

  /** A node sends these operations to the server. */
  sent(node: string, ops: readonly Pick<ServerOp, 'kind' | 'key'>[]): void {
    for (const { kind, key } of ops) {
      if (kind !== 'delete' && kind !== 'stale') continue
      const known = this.#keys.get(`${node} ${key}`)
      if (known?.isStored !== true) continue
      known.isStored = false
      this.#history.violated('I19', `${node} was told that ${key} is stored, and deletes it by itself`)
    }
  }
}
