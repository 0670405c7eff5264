import { checkMethods } from '../../options/checks.ts'
import type { Bus } from '../../core/remote/log.ts'
import { unanswered, type RemoteOp } from '../../core/remote/operations.ts'
import type { RemoteStore } from '../../core/remote/remote-store.ts'
import type { Store } from '../../core/store.ts'
import type { Chaos } from './chaos.ts'

// `release` is not among them, because in one process nothing else ends a lease.
const STORE_CALLS = ['get', 'read', 'acquire', 'fill', 'write', 'invalidate', 'deleteByPrefix'] as const
const REMOTE_CALLS = [
  'read',
  'acquire',
  'renew',
  'release',
  'write',
  'deleteByPrefix',
  'generations',
  'invalidateTags',
  'heads',
  'sync',
  'rotate',
  'replay',
] as const

/**
 * Returns a store whose calls go through chaos, for an engine of your own: `super(chaosStore(storeFrom(...), chaos))`.
 * @throws OptionsError
 */
export function chaosStore(store: Store, chaos: Chaos): Store {
  checkMethods(store, STORE_CALLS, 'chaosStore: store')
  checkMethods(chaos, ['call', 'deliver'], 'chaosStore: chaos')
  return disturbed(store, STORE_CALLS, chaos)
}

/** Returns a server's store whose calls go through chaos. */
export function chaosRemote(remote: RemoteStore, chaos: Chaos): RemoteStore {
  const view = disturbed(remote, REMOTE_CALLS, chaos)
  return new Proxy(view, {
    get(target, name) {
      if (name !== 'write') return Reflect.get(target, name, target) as unknown
      return async (ops: readonly RemoteOp[]) =>
        target.write(ops).catch((error: unknown) => ops.map(() => unanswered(error)))
    },
  })
}

/**
 * Returns a bus whose messages go through chaos: `new TieredCache({ l1, l2, bus: chaosBus(bus, chaos) })`.
 * @throws OptionsError
 */
export function chaosBus(bus: Bus, chaos: Chaos): Bus {
  checkMethods(bus, ['subscribe'], 'chaosBus: bus')
  checkMethods(chaos, ['call', 'deliver'], 'chaosBus: chaos')
  return {
    subscribe: (receive, onReady) => {
      let isOpen = true
      const stop = bus.subscribe((message) => {
        chaos.deliver(() => {
          if (isOpen) receive(message)
        })
      }, onReady)
      return () => {
        isOpen = false
        stop()
      }
    },
  }
}

function disturbed<T extends Store | RemoteStore>(port: T, calls: readonly string[], chaos: Chaos): T {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      const method = value as (...args: unknown[]) => unknown
      if (name === 'scan') return (...args: unknown[]) => scanned(method.bind(target, ...args), chaos)
      if (!calls.includes(String(name))) return method.bind(target)
      return async (...args: unknown[]) => chaos.call(String(name), () => method.apply(target, args))
    },
  })
}

async function* scanned(scan: () => unknown, chaos: Chaos): AsyncGenerator {
  yield* await chaos.call('scan', () => scan() as AsyncIterable<unknown>)
}
