import type { Generations } from '../../src/core/remote/generations.ts'
import type { History } from './history.ts'
import type { SimulatedServer } from '../server/server.ts'

/**
 * Watches the entries of a simulated server that are hidden because one of their tags was invalidated. They must stay
 * hidden, whatever names the server forgets (I8).
 */
export class HiddenWatch {
  readonly #history: History
  readonly #hidden = new WeakSet<Generations>()

  constructor(history: History) {
    this.#history = history
  }

  /** Notes that a tag is being invalidated. */
  invalidated(server: SimulatedServer, tag: string): void {
    for (const [, generations] of entriesOf(server))
      if (generations.some((one) => one.tag === tag)) this.#hidden.add(generations)
  }

  /** Judges whether every hidden entry is hidden still. */
  judge(server: SimulatedServer): void {
    for (const [key, generations] of entriesOf(server)) {
      if (!this.#hidden.has(generations) || !server.agrees(generations)) continue
      this.#hidden.delete(generations)
      this.#history.violated('I8', `${key} is valid again, though nobody has stored it anew`)
    }
  }
}

function entriesOf({
  items,
}: SimulatedServer): readonly (readonly [key: string, generations: Generations])[] {
  return [...items].flatMap(([name, { value }]) => {
    const { generations } = value as { readonly generations?: Generations }
    return name.startsWith('v:') && generations !== undefined ? [[name.slice(2), generations] as const] : []
  })
}
