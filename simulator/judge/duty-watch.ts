import { freshMs, type ServerFound } from '../server/server-entries.ts'
import type { Generations } from '../../src/core/remote/generations.ts'
import type { History } from './history.ts'
import type { Versioned } from '../world/node.ts'

/** The part of a server that the judge asks. */
interface Holder {
  read(key: string): ServerFound | undefined
  agrees(generations: Generations): boolean
}

interface Duty {
  readonly version: number
  readonly beganMs: number
}

/**
 * Judges I18: an invalidation that a node has answered with `acked` or `queued` is in effect on that node from then on.
 * Either the server has nothing older, or the node takes it for absent. In the end it is in effect on the server.
 */
export class DutyWatch {
  readonly #history: History
  readonly #duties = new Map<string, Map<string, Duty[]>>()

  constructor(history: History) {
    this.#history = history
  }

  /** Notes the answer of a node for an invalidation of the key, made after the database had `version`. */
  answered(node: string, key: string, duty: Duty): void {
    const { version, beganMs } = duty
    const ofNode = this.#duties.get(node) ?? new Map<string, Duty[]>()
    const before = ofNode.get(key) ?? []
    // Records that are older in both tell nothing any more.
    const others = before.filter((one) => one.version > version || one.beganMs > beganMs)
    ofNode.set(key, [...others, duty])
    this.#duties.set(node, ofNode)
  }

  /**
   * Judges the answers of a living node. `holdsBack` tells whether the node takes the server's entry of a key for
   * absent.
   */
  judge(node: string, server: Holder, holdsBack: (key: string) => boolean): void {
    for (const [key, duties] of this.#duties.get(node) ?? []) {
      const found = server.read(key)
      if (found === undefined || freshMs(found) <= 0 || !server.agrees(found.generations ?? [])) continue
      if (holdsBack(key)) continue
      const [version, origin] = JSON.parse(found.text) as Versioned
      // Only calls that began later replace a value that was set.
      const sinceMs = this.#history.sinceMs(origin)
      const owed = duties.filter((duty) => duty.beganMs >= sinceMs && duty.version > version)
      if (owed.length === 0) continue
      this.#duties.get(node)!.delete(key)
      this.#history.violated(
        'I18',
        `${node} lets version ${version} of ${key} pass; it had answered for ${owed.at(-1)!.version}`,
      )
    }
  }
}
