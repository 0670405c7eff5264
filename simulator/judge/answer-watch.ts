import type { History } from './history.ts'
import type { ServerOp } from '../server/server-entries.ts'

interface Key {
  /** Number of changes of the key that the clients of the node have begun. */
  begun: number
  /** Number of changes that have not ended. */
  open: number
  /**
   * State of the `set` that is the last change, with no other under way. `stored`: it was sent and answered with
   * `true`.
   */
  last: 'unsent' | 'sent' | 'undone' | 'stored'
}

/**
 * Judges I19: an answer of `true` is not undone by the replay of the same node. A deletion of a key is a replay if the
 * clients of the node have made no other change of it since the `set`.
 */
export class AnswerWatch {
  readonly #history: History
  readonly #keys = new Map<string, Key>()

  constructor(history: History) {
    this.#history = history
  }

  /**
   * Begins a change of the key by a client. The caller reports its end, and whether it was a `set` answered with
   * `true`.
   */
  begin(node: string, key: string): (isStored: boolean) => void {
    const name = `${node} ${key}`
    const known: Key = this.#keys.get(name) ?? { begun: 0, open: 0, last: 'unsent' }
    this.#keys.set(name, known)
    const isAlone = known.open === 0
    const place = ++known.begun
    known.open++
    known.last = 'unsent'
    return (isStored) => {
      known.open--
      if (known.begun !== place) return
      if (!isStored || !isAlone) known.last = 'unsent'
      else if (known.last === 'undone') this.#undone(node, key)
      else known.last = 'stored'
    }
  }

  /** Notes the operations that a node sends to the server. */
  sent(node: string, ops: readonly Pick<ServerOp, 'kind' | 'key'>[]): void {
    for (const { kind, key } of ops) {
      const known = this.#keys.get(`${node} ${key}`)
      if (known === undefined) continue
      if (kind === 'set' && known.last === 'unsent') known.last = 'sent'
      if (kind !== 'delete' && kind !== 'stale') continue
      if (known.last === 'sent') known.last = 'undone'
      if (known.last !== 'stored') continue
      known.last = 'unsent'
      this.#undone(node, key)
    }
  }

  #undone(node: string, key: string): void {
    this.#history.violated('I19', `${node} was told that ${key} is stored, and deletes it by itself`)
  }
}
