import type { ServerHealth } from '../../../core/health.ts'
import { messageOf } from '../../../core/logging/thrown.ts'
import type { ConnectionState } from '../../../core/observing/events.ts'

/** The state of a connection, and the reason unless it is connected. */
interface State {
  readonly state: ConnectionState
  readonly error?: unknown
}

type Listener = (node: string, state: ConnectionState, error: unknown) => void

interface OfNode {
  /** The state by connection. */
  readonly connections: Map<object, State>
  /** The reason why it refuses commands; `undefined` = it does not. */
  refusal: State | undefined
  told: ConnectionState | undefined
  /** Whether nothing has come since a call was not answered in time. */
  isUnanswered: () => boolean
}

const WORST: readonly ConnectionState[] = ['denied', 'silent', 'lost', 'refusing', 'connected']

/** The known states of the servers of one client. The connections report them. */
export class NodeStates {
  readonly #nodes = new Map<string, OfNode>()
  readonly #listeners = new Set<Listener>()

  /** Calls `listener` at each change, and returns the function that ends that. */
  listen(listener: Listener): () => void {
    const entry: Listener = (...change) => listener(...change)
    this.#listeners.add(entry)
    return () => void this.#listeners.delete(entry)
  }

  /** The servers that connections have reported. */
  get all(): readonly ServerHealth[] {
    return Array.from(this.#nodes, ([node, of]) => {
      const { state, error } = worstOf(of)!
      return {
        node,
        state,
        breaker: state === 'silent' ? 'open' : 'closed',
        unanswered: of.isUnanswered(),
        ...(error !== undefined && { error: messageOf(error) }),
      }
    })
  }

  /** Notes that a call was not answered in time. `isUnanswered` tells whether nothing has come since. */
  timedOut(node: string, isUnanswered: () => boolean): void {
    const of = this.#nodes.get(node)
    if (of !== undefined) of.isUnanswered = isUnanswered
  }

  /** Notes the state of a connection. */
  set(node: string, connection: object, state: ConnectionState, error?: unknown): void {
    const of = this.#nodes.get(node) ?? newNode()
    this.#nodes.set(node, of)
    // The connection to a silent server is replaced, and the next one is not served either.
    const isStillSilent = state === 'lost' && of.connections.get(connection)?.state === 'silent'
    const known = isStillSilent ? 'silent' : state
    of.connections.set(connection, { state: known, ...(error !== undefined && { error }) })
    this.#tell(node, of)
  }

  /** Notes that a server refuses commands; `undefined` = no more. */
  refuse(node: string, state: 'denied' | 'refusing' | undefined, error?: unknown): void {
    const of = this.#nodes.get(node)
    if (of === undefined) return
    of.refusal = state && { state, error }
    this.#tell(node, of)
  }

  /** Forgets a connection. */
  delete(node: string, connection: object): void {
    const of = this.#nodes.get(node)
    if (of?.connections.delete(connection) !== true) return
    if (of.connections.size === 0) this.#nodes.delete(node)
    else this.#tell(node, of)
  }

  #tell(node: string, of: OfNode): void {
    const { state, error } = worstOf(of)!
    if (state === of.told) return
    of.told = state
    for (const listener of this.#listeners) listener(node, state, error)
  }
}

function newNode(): OfNode {
  return { connections: new Map(), refusal: undefined, told: undefined, isUnanswered: () => false }
}

// A server is as well as the worst of its connections, because each key has one of them.
function worstOf({ connections, refusal }: OfNode): State | undefined {
  const known = [...connections.values(), ...(refusal === undefined ? [] : [refusal])]
  return known.toSorted((one, other) => WORST.indexOf(one.state) - WORST.indexOf(other.state))[0]
}
