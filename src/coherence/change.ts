import type { Operation } from './in-flight.ts'
import type { NodeState, Target } from './node-state.ts'

/** A change of this node: what it sends, and how an answer is read. `index` counts its targets. */
export interface Change<A> {
  readonly targets: readonly Target[]
  /** The operations of the targets' own writes, which go on. */
  readonly writes?: readonly (Operation | undefined)[]
  /** Sends it. `place` is its place among the changes of this node. */
  send(place: number): PromiseLike<A>
  /** Notes that the server has executed it for a target, unless it returns the reason why it has not. */
  read(answer: A, index: number, place: number): unknown
  /** Whether it has left a target as it was; without an answer, whether it may. Later calls then wait for the answer. */
  leaves?: ((index: number, answer?: A) => boolean) | undefined
  /** Keeps what it has stored. */
  keep?: ((answer: A, index: number) => void) | undefined
  /** Queues a target for which there is no answer. */
  failed?: ((index: number, error: unknown, place: number) => void) | undefined
}

/**
 * Makes a change, and forgets all that this node has of its targets when it is sent and again when it is answered
 * (docs/coherence.md, C5). A read in between may have found the old value. @throws if there is no answer.
 */
export async function change<A>(state: NodeState, each: Change<A>): Promise<A> {
  const { targets, writes, keep } = each
  const { places } = state
  for (let index = 0; index < targets.length; index++)
    if (each.leaves?.(index) !== true) state.forget(targets[index]!, Infinity, writes?.[index])
  const place = places.begin()
  try {
    const answer = await each.send(place)
    for (let index = 0; index < targets.length; index++) {
      const failure = each.read(answer, index, place)
      if (failure === undefined && each.leaves?.(index, answer) === true) continue
      state.forget(targets[index]!, Infinity, failure === undefined ? writes?.[index] : undefined)
      if (failure === undefined) keep?.(answer, index)
      else each.failed?.(index, failure, place)
    }
    return answer
  } catch (error) {
    if (each.failed !== undefined) giveUp(state, each, error, place)
    throw error
  } finally {
    places.end(place)
  }
}

/** The stamp of an invalidation that was not sent. */
const NEVER_LOGGED = ''

/** Forgets the targets of a change without an answer, and queues them. */
export function giveUp(
  state: NodeState,
  { targets, failed }: Pick<Change<never>, 'targets' | 'failed'>,
  error: unknown,
  place: number = state.places.last,
): void {
  for (const [index, target] of targets.entries()) {
    state.forget({ ...target, stamp: NEVER_LOGGED })
    failed?.(index, error, place)
  }
}
