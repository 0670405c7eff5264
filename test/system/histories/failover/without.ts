import type { Head, LogEntry } from '../../../../src/core/remote/log.ts'
import { headOf } from '../../../support/head-of.ts'
import { overRemote, type StageOptions } from '../stage.ts'

// Nodes without a rule. The wiring of their ports is changed, because the product has no switches.

/** Tells entries apart by their number only. */
export const withoutStamps: StageOptions = {
  remote: overRemote((remote) => ({
    heads: async () => {
      const heads = await remote.heads()
      return new Map(Array.from(heads.keys(), (name) => [name, numbered(headOf(heads, name)!)]))
    },
    write: async (ops, ...rest) =>
      (await remote.write(ops, ...rest)).map((result) =>
        result.head === undefined ? result : { ...result, head: numbered(result.head) },
      ),
    sync: async (partition, since, ifNone) => {
      const reply = await remote.sync(partition, undefined, ifNone)
      const known = { ...reply.head, counter: 0, stamp: '' }
      const { entries } = since === undefined ? reply : await remote.sync(partition, known, ifNone)
      const later = entries.filter(({ counter }) => counter > (since?.counter ?? 0))
      return {
        head: numbered(reply.head),
        entries: later.map((entry) => ({ ...entry, ...chained(entry) })),
        diverged: false,
      }
    },
  })),
  bus: (bus) => ({
    subscribe: (onMessage, onReady) =>
      bus.subscribe((message) => onMessage({ ...message, ...chained(message) }), onReady),
  }),
}

function numbered(head: Head): Head {
  return { ...head, stamp: stampOf(head.counter) }
}

function chained({ counter }: LogEntry): Pick<LogEntry, 'stamp' | 'previous'> {
  return { stamp: stampOf(counter), previous: stampOf(counter - 1) }
}

function stampOf(counter: number): string {
  return counter === 0 ? '' : `number ${counter}`
}

/** Logs no lost entry again. */
export const withoutReplay: StageOptions = {
  remote: overRemote((remote) => ({
    replay: async (partition) => headOf(await remote.heads(), partition),
  })),
}

/** Gives a replayed entry a stamp of its own, as if it were another one. */
export const withoutOriginalStamps: StageOptions = {
  remote: overRemote((remote) => {
    let count = 0
    const node = Math.random()
    return {
      replay: (partition, epoch, entries) =>
        remote.replay(
          partition,
          epoch,
          entries.map((entry) => ({ ...entry, stamp: `${node}:${++count}` })),
        ),
    }
  }),
}

/** Treats a new connection as nothing special. */
export const withoutReconnection: StageOptions = {
  remote: overRemote(() => ({ onReconnect: () => () => undefined })),
}
