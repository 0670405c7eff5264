import { unanswered, type RemoteOp, type RemoteResult } from '../../core/remote/operations.ts'
import { toArgs, type Arg, type Command, type Reply, type ReplyForm } from '../connection/client.ts'
import { lifetimeText, type EntryBytes } from './entry-bytes.ts'
import type { Call } from './exchange.ts'
import type { KeyNames } from './key-names.ts'
import { readLogged, readPlace, type LoggedCalls, type LoggedReply } from './log/logged-calls.ts'
import { handlers, LONGEST_RUN, storedResult, type Handler, type Handlers, type OpOf } from './operations.ts'
import { increment } from '../scripts/entries/increment.ts'
import { setPlain } from '../scripts/entries/set-plain.ts'

/** The maximum bytes of values in a script, without the last, because a running script may exceed the memory limit. */
const LARGEST_RUN = 1024 * 1024

/** Consecutive operations of one kind in one partition, as one script. */
export interface Run {
  readonly call: Call
  /** The form in which the reply is read. */
  readonly form: ReplyForm
  readonly indexes: readonly number[]
  /** Returns the results of the operations of `indexes`. A reply that is an error is the failure of each. */
  results(reply: Reply): readonly RemoteResult[]
}

/** The scripts that send operations, and the failures of those that can't be encoded. */
export interface Plan {
  readonly runs: readonly Run[]
  readonly failures: ReadonlyMap<number, unknown>
}

// A run to which operations are added.
interface OpenRun extends Run {
  readonly kind: RemoteOp['kind']
  readonly indexes: number[]
  readonly ops: RemoteOp[]
  readonly call: { readonly route: string; command: Command; bytes: number }
  readonly keys: string[]
  readonly args: Arg[]
}

/** Turns operations into scripts, and replies into results. */
export class Writes {
  readonly #names: KeyNames
  readonly #logged: LoggedCalls
  readonly #entries: EntryBytes
  readonly #handlers: Handlers

  constructor(names: KeyNames, logged: LoggedCalls, entries: EntryBytes) {
    this.#names = names
    this.#logged = logged
    this.#entries = entries
    this.#handlers = handlers(entries)
  }

  /** Returns the scripts of operations. The operations of each key keep their order. */
  plan(ops: readonly RemoteOp[]): Plan {
    const [first] = ops
    if (first === undefined) return { runs: [], failures: NO_FAILURES }
    if (ops.length === 1 && first.kind === 'increment' && isPlainStep(first))
      return { runs: [this.#step(first)], failures: NO_FAILURES }
    if (first.kind === 'set' && (ops.length === 1 || !this.#names.isSpread)) {
      const plain = this.#plainSets(ops, this.#names.partitionOf(first.key))
      if (plain !== undefined) return { runs: [plain], failures: NO_FAILURES }
    }
    const runs: OpenRun[] = []
    const last = new Map<string, OpenRun>()
    const failures = new Map<number, unknown>()
    for (let index = 0; index < ops.length; index++) {
      const op = ops[index]!
      const handler = this.#handlers[op.kind] as unknown as Handler<RemoteOp['kind']>
      let args: readonly Arg[]
      try {
        args = handler.args(op)
      } catch (error) {
        failures.set(index, error)
        continue
      }
      const partition = this.#names.partitionOf(op.key)
      let run = last.get(partition)
      if (run?.kind !== op.kind || run.ops.length >= handler.longestRun || run.call.bytes >= LARGEST_RUN) {
        run = this.#begin(op.kind, handler, partition)
        last.set(partition, run)
        runs.push(run)
      }
      run.indexes.push(index)
      run.ops.push(op)
      this.#names.pushOf(op.key, partition, run.keys, handler.hasFloor)
      run.args.push(...args)
      run.call.bytes += args[0]?.length ?? 0
    }
    // With its source, because a script that the server does not know would run after the next one.
    if (runs.length > 1 && runs.some(({ kind }) => kind !== runs[0]!.kind))
      for (const { call } of runs) call.command = { args: toArgs(call.command, true) }
    return { runs, failures }
  }

  // Returns one script for sets of one partition without row versions and with equal lifetimes; `undefined` for others.
  #plainSets(ops: readonly RemoteOp[], partition: string): Run | undefined {
    const [first] = ops
    if (first?.kind !== 'set' || ops.length > LONGEST_RUN) return undefined
    const { ttlMs, graceMs } = first
    const { sequence, log } = this.#names.ofLog(partition)
    const keys = [sequence, log]
    const args: Arg[] = [this.#logged.context(partition), lifetimeText(ttlMs, graceMs)]
    let length = 0
    for (const op of ops) {
      if (op.kind !== 'set' || op.rowVersion !== undefined) return undefined
      if (op.ttlMs !== ttlMs || op.graceMs !== graceMs || length >= LARGEST_RUN) return undefined
      const bytes = this.#bytesOf(op)
      if (bytes === undefined) return undefined
      length += bytes.length
      args.push(bytes)
      this.#names.pushOf(op.key, partition, keys, true)
    }
    return {
      call: { route: keys[2]!, command: { script: setPlain, keys, args }, bytes: length },
      form: 'text',
      indexes: ops.length === 1 ? FIRST : [...ops.keys()],
      results: (reply) => {
        if (reply === 1) return ops.length === 1 ? STORED : ops.map(() => STORED[0]!)
        return resultsOf(reply, ops, storedResult)
      },
    }
  }

  // Returns `undefined` if encoding fails. The general way then finds the reason.
  #bytesOf(op: OpOf<'set'>): string | Uint8Array | undefined {
    try {
      return this.#entries.write(op)
    } catch {
      return undefined
    }
  }

  // Returns a script for a step of a counter without tags and bounds.
  #step(op: OpOf<'increment'>): Run {
    const partition = this.#names.partitionOf(op.key)
    const { keys, args } = this.#ofStep(partition)
    this.#names.pushOf(op.key, partition, keys, false)
    args.push(String(op.by), lifetimeText(op.ttlMs))
    return {
      call: { route: keys[2]!, command: { script: increment, keys, args } },
      form: 'bytes',
      indexes: FIRST,
      results: (reply) =>
        typeof reply === 'number'
          ? [{ ok: true, number: reply }]
          : resultsOf(reply, [op], this.#handlers.increment.result),
    }
  }

  #begin(kind: RemoteOp['kind'], { script, result }: Handler<RemoteOp['kind']>, partition: string): OpenRun {
    const { keys, args } = kind === 'increment' ? this.#ofStep(partition) : this.#logged.begin(partition)
    if (kind !== 'increment') args.push(String(this.#names.keyOffset))
    const ops: RemoteOp[] = []
    return {
      kind,
      call: { route: keys[0]!, command: { script, keys, args }, bytes: 0 },
      form: 'bytes',
      indexes: [],
      ops,
      keys,
      args,
      results: (reply) =>
        kind === 'increment' && typeof reply === 'number'
          ? [{ ok: true, number: reply }]
          : resultsOf(reply, ops, result),
    }
  }

  // Returns the first keys and arguments of a step.
  #ofStep(partition: string): { readonly keys: string[]; readonly args: Arg[] } {
    const { sequence, log } = this.#names.ofLog(partition)
    return { keys: [sequence, log], args: [this.#logged.context(partition)] }
  }
}

const FIRST: readonly number[] = [0]
const NO_FAILURES: ReadonlyMap<number, unknown> = new Map()
const STORED: readonly RemoteResult[] = [{ ok: true }]

function isPlainStep({ min, max, generations, seen, hidden }: OpOf<'increment'>): boolean {
  const isTagged = generations !== undefined && generations.length > 0
  const isFirst = seen === undefined && hidden === undefined
  return min === undefined && max === undefined && isFirst && !isTagged
}

// Reads replies of scripts, which have an outcome and the head of the log for each operation.
function resultsOf<O extends RemoteOp>(
  reply: Reply,
  ops: readonly O[],
  resultOf: (reply: Reply, op: O) => RemoteResult,
): readonly RemoteResult[] {
  let logged: LoggedReply
  try {
    logged = readLogged(reply)
  } catch (error) {
    return ops.map(() => unanswered(error))
  }
  const { epoch, list } = logged
  const results: RemoteResult[] = []
  for (let index = 0; index < ops.length; index++) {
    try {
      const result = resultOf(list[index * 2 + 1]!, ops[index]!)
      const place = readPlace(epoch, list[index * 2 + 2])
      results.push(place === undefined ? result : { ...result, ...place })
    } catch (error) {
      results.push(unanswered(error))
    }
  }
  return results
}
