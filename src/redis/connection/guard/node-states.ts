import type { ConnectionState } from '../../../core/observing/events.ts'

/** The state of the connections of a client to one server. */
export interface NodeState {
  /** The name of the server, such as `127.0.0.1:6379`. */
  readonly node: string
  readonly state: ConnectionState
  /** The reason, unless it is connected. */
  readonly error?: unknown
}

type Listener = (node: string, state: ConnectionState, error: unknown) => void

interface OfNode {
  /** The state by connection. */
  readonly connections: Map<object, Omit<NodeState, 'node'>>
  /** The reason why it refuses commands; `undefined` = it does not. */
  refusal: Omit<NodeState, 'node'> | undefined
  told: ConnectionState | undefined
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
  get all(): readonly NodeState[] {
    return Array.from(this.#nodes, ([node, of]) => ({ node, ...worstOf(of)! }))
  }

  /** Notes the state of a connection. */
  set(node: string, connection: object, state: ConnectionState, error?: unknown): void {
    const of = this.#nodes.get(node) ?? { connections: new Map(), refusal: undefined, told: undefined }
    this.#nodes.set(node, of)
    of.connections.set(connection, { state, ...(error !== undefined && { error }) })
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

// A server is as well as the worst of its connections, because each key has one of them.
function worstOf({ connections, refusal }: OfNode): Omit<NodeState, 'node'> | undefined {
  const known = [...connections.values(), ...(refusal === undefined ? [] : [refusal])]
  return known.toSorted((one, other) => WORST.indexOf(one.state) - WORST.indexOf(other.state))[0]
}
