import { StoreUnavailableError } from '../../core/errors.ts'
import type { RemoteOp, RemoteResult } from '../../core/remote/operations.ts'
import type { Arg, Reply, Script } from '../connection/client.ts'
import {
  type EntryBytes,
  generationsIn,
  lifetimeText,
  readEnvelope,
  rowVersionText,
  tagBytes,
} from './entry-bytes.ts'
import { asBytes, asList, asNumber, asText } from './replies.ts'
import { add } from '../scripts/entries/add.ts'
import { expire } from '../scripts/entries/expire.ts'
import { fill } from '../scripts/entries/fill.ts'
import { increment } from '../scripts/entries/increment.ts'
import { remove, stale } from '../scripts/entries/invalidate.ts'
import { set } from '../scripts/entries/set.ts'
import { take } from '../scripts/entries/take.ts'

/** The maximum number of operations in one script, because a server does nothing else meanwhile. */
export const LONGEST_RUN = 125

/** The operations of one kind. */
export type OpOf<K extends RemoteOp['kind']> = Extract<RemoteOp, { readonly kind: K }>

/** The way to send operations of one kind and to read their replies. */
export interface Handler<K extends RemoteOp['kind']> {
  readonly script: Script
  /** Whether the script takes a floor besides value and lease. */
  readonly hasFloor: boolean
  readonly longestRun: number
  args(op: OpOf<K>): readonly Arg[]
  result(reply: Reply, op: OpOf<K>): RemoteResult
}

/** A handler for each kind of operation. */
export type Handlers = { readonly [K in RemoteOp['kind']]: Handler<K> }

/** Returns the handlers of all kinds of operations. */
export function handlers(entries: EntryBytes): Handlers {
  const stored = (op: OpOf<'set' | 'add' | 'fill'>): readonly Arg[] => [
    entries.write(op),
    lifetimeText(op.ttlMs, op.graceMs),
    rowVersionText(op.rowVersion),
  ]
  const removal = {
    hasFloor: true,
    longestRun: LONGEST_RUN,
    args: (op: OpOf<'delete' | 'stale'>) => [rowVersionText(op.rowVersion)],
    result: (reply: Reply): RemoteResult => {
      const [outcome, header] = asList(reply)
      return outcome === 2
        ? { ok: false, outdated: true }
        : { ok: outcome === 1, ...envelope(asBytes(header!)) }
    },
  }
  return {
    set: { script: set, hasFloor: true, longestRun: LONGEST_RUN, args: stored, result: storedResult },
    fill: {
      script: fill,
      hasFloor: true,
      longestRun: LONGEST_RUN,
      args: (op) => [...stored(op), op.token],
      result: storedResult,
    },
    add: {
      script: add,
      hasFloor: true,
      longestRun: LONGEST_RUN,
      args: (op) => [...stored(op), tagBytes(op.hidden)],
      result: (reply, { key }) => {
        if (!Array.isArray(reply)) return storedResult(reply)
        const { generations } = entries.found(asBytes(asList(reply)[1]!), key, -1)
        return { ok: false, differs: true, ...(generations && { generations }) }
      },
    },
    delete: { script: remove, ...removal },
    stale: { script: stale, ...removal },
    take: {
      script: take,
      hasFloor: false,
      longestRun: LONGEST_RUN,
      args: () => [],
      result: (reply, { key }) => {
        if (reply === null) return { ok: false }
        const { stored: taken, generations } = entries.found(asBytes(reply), key, -1)
        return { ok: true, stored: taken, ...(generations === undefined ? {} : { generations }) }
      },
    },
    expire: {
      script: expire,
      hasFloor: false,
      longestRun: LONGEST_RUN,
      args: ({ ttlMs }) => [lifetimeText(ttlMs)],
      result: (reply) => {
        const [outcome, header] = asList(reply)
        return { ok: outcome === 1, ...envelope(asBytes(header!)) }
      },
    },
    increment: {
      script: increment,
      hasFloor: false,
      longestRun: 1,
      args: ({ by, min, max, ttlMs, generations, seen = generations, hidden }) => [
        String(by),
        lifetimeText(ttlMs),
        entries.counterHeader(ttlMs, generations),
        seen === undefined || seen.length === 0 ? '' : tagBytes(seen),
        tagBytes(hidden),
        min === undefined ? '' : String(min),
        max === undefined ? '' : String(max),
      ],
      result: (reply) => {
        const [outcome, rest] = asList(reply)
        if (outcome === 1) return { ok: true, number: Number(asText(rest!)) }
        return outcome === 3 ? { ok: false, differs: true, ...labels(asBytes(rest!)) } : { ok: false }
      },
    },
  }
}

/** Reads the outcome of a set or fill. @throws the refusal of the server. */
export function storedResult(reply: Reply): RemoteResult {
  if (typeof reply !== 'number') throw new StoreUnavailableError(asText(reply))
  const outcome = asNumber(reply)
  return outcome === 2 ? { ok: false, outdated: true } : { ok: outcome === 1 }
}

function envelope(header: Uint8Array): Pick<RemoteResult, 'generations' | 'graceMs'> {
  const { graceMs = 0 } = readEnvelope(header) ?? {}
  return { ...labels(header), ...(graceMs > 0 && { graceMs }) }
}

function labels(header: Uint8Array): Pick<RemoteResult, 'generations'> {
  const generations = generationsIn(header)
  return generations === undefined ? {} : { generations }
}
