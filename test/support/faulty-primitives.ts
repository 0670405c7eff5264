import type { Primitives } from '../../src/in-process/primitives.ts'
import { mapPrimitives } from './own-cache.ts'

/** The behaviour of primitives instead of their work: they throw at once, reject later, or never answer. */
export type Fault = 'throw' | 'reject' | 'hang'

/** Primitives over a Map that fail on request, all of them or some. */
export class FaultyPrimitives implements Primitives {
  readonly cause: Error = new Error('the disk is gone')
  readonly #inner = mapPrimitives(true)
  #faults = new Map<keyof Primitives, Fault>()

  fail(fault: Fault, ...names: readonly (keyof Primitives)[]): void {
    const all = ['read', 'write', 'remove', 'keys'] as const
    for (const name of names.length === 0 ? all : names) this.#faults.set(name, fault)
  }

  heal(): void {
    this.#faults.clear()
  }

  read: Primitives['read'] = (key) => this.#do('read', () => this.#inner.read(key))
  write: Primitives['write'] = (key, slot) => this.#do('write', () => this.#inner.write(key, slot))
  remove: Primitives['remove'] = (key) => this.#do('remove', () => this.#inner.remove(key))

  async *keys(): AsyncIterable<string> {
    yield* await this.#do('keys', async () => this.#inner.keys())
  }

  #do<T>(name: keyof Primitives, work: () => T): T {
    switch (this.#faults.get(name)) {
      case undefined:
        return work()
      case 'throw':
        throw this.cause
      case 'reject':
        return Promise.reject(this.cause) as T
      case 'hang':
        return new Promise(() => undefined) as T
    }
  }
}
