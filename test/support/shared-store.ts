import type { AtomicStep, AtomicStore, AtomicSteps, StateKey } from '../../src/core/atomic-store.ts'
import { LocalAtomicStore } from '../../src/in-process/local-atomic-store.ts'
import { ClosedError } from '../../src/index.ts'
import { FakeClock } from '../../src/testing/index.ts'

/** A store that stands for one that processes share. It records the steps, and fails on request. */
export class SharedStore implements AtomicStore {
  readonly isShared = true
  readonly clock: FakeClock
  readonly timers: FakeClock
  readonly random = (): number => 0.5
  readonly #local: LocalAtomicStore
  readonly #closing = new AbortController()
  /** Steps that were requested, by name. */
  readonly asked: string[] = []
  /** The error that every step rejects with. If `isDone`, the step is done before that. */
  failure: { readonly error: Error; readonly isDone: boolean } | undefined = undefined
  /** A promise for which every answer waits. */
  gate: Promise<unknown> | undefined = undefined

  constructor(clock: FakeClock = new FakeClock()) {
    this.clock = clock
    this.timers = clock
    this.#local = new LocalAtomicStore(this)
  }

  get closed(): AbortSignal {
    return this.#closing.signal
  }

  close(): void {
    this.#closing.abort(new ClosedError('closed'))
  }

  async run<Name extends keyof AtomicSteps>(
    step: AtomicStep<Name>,
    key: StateKey,
    request: AtomicSteps[Name]['request'],
  ): Promise<AtomicSteps[Name]['answer']> {
    this.asked.push(step.name)
    const { failure, gate } = this
    const answer = failure === undefined || failure.isDone ? this.#local.run(step, key, request) : undefined
    await gate
    if (failure !== undefined) throw failure.error
    return answer!
  }
}
