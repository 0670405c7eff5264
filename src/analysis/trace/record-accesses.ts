import { createWriteStream } from 'node:fs'
import type { BaseCache } from '../../cache/base-cache.ts'
import type { Runtime } from '../../cache/runtime.ts'
import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import type { TimerHandle } from '../../core/time/clock.ts'
import { checkMethods, checkReadable, reading } from '../../options/checks.ts'
import { checkOptions } from '../../options/options.ts'
import { checkShare, runtimeOf } from '../runtime-of.ts'
import { headerLine } from './format.ts'
import { Recorder } from './recorder.ts'

const FLUSH_MS = 1000
const DEFAULT_ENTRIES = 10_000
const MOST_MEGABYTES = 64
const MEGABYTE = 2 ** 20
/** Records are left out while so many bytes wait to be written. */
const MOST_WAITING = 4 * MEGABYTE

/** Options of {@link recordAccesses}. */
export interface RecordingOptions {
  /** The share of the keys that are recorded, above 0 and up to 1. All accesses of such a key are. Default 1. */
  readonly sample?: number | undefined
  /** The size at which the recording ends by itself, in megabytes; default 64. */
  readonly maxMegabytes?: number | undefined
}

/** The target of a recording, such as a stream of `node:fs` or `node:zlib`. */
export interface TraceTarget {
  /** Takes a part of the trace. */
  write(chunk: Uint8Array): unknown
  /** Takes no more, and calls back when all is written. */
  end(callback: (error?: unknown) => void): unknown
  /** Adds a listener for the failure of the target. */
  on(event: 'error', listener: (error: unknown) => void): unknown
  /** The number of bytes that wait to be written. */
  readonly writableLength?: number | undefined
}

/** The result of a recording. */
export interface RecordingResult {
  /** The number of records that were written. */
  readonly records: number
  /** The size of the trace. */
  readonly bytes: number
  /** The number of records that were left out because the target was too slow. */
  readonly dropped: number
  /** The reason why it has ended early, if the target has failed. */
  readonly error?: unknown
}

/**
 * Records the accesses of a cache and all of its namespaces, for `simulate`: hashed keys, families, sizes, ttls, and what
 * loads cost. Some ten bytes each. The hash has a secret seed, so that the trace names no key. The recording ends when it is
 * closed, with the cache, at its bound, or when the target fails. It never makes a call of the cache fail or wait.
 * @throws OptionsError for anything that is not a cache, or a wrong option.
 */
export function recordAccesses(
  cache: BaseCache,
  target: string | TraceTarget,
  options: RecordingOptions = {},
): Recording {
  checkReadable(options, 'recordAccesses')
  checkOptions(options, ['sample', 'maxMegabytes'], 'recordAccesses')
  const { sample = 1, maxMegabytes = MOST_MEGABYTES } = options
  checkShare(sample, 'recordAccesses: sample', 'all')
  if (!(typeof maxMegabytes === 'number' && maxMegabytes > 0))
    throw new OptionsError(`recordAccesses: maxMegabytes: ${inspect(maxMegabytes)} is not a number above 0`)
  const runtime = runtimeOf(cache, 'recordAccesses')
  return new Recording(runtime, streamOf(target), sample, maxMegabytes * MEGABYTE)
}

function streamOf(target: string | TraceTarget): TraceTarget {
  if (typeof target === 'string') return reading('recordAccesses: target', () => createWriteStream(target))
  checkMethods(target, ['write', 'end', 'on'], 'recordAccesses: target')
  return target
}

/** A recording under way; see {@link recordAccesses}. */
export class Recording {
  readonly #runtime: Runtime
  readonly #target: TraceTarget
  readonly #maxBytes: number
  readonly #recorder: Recorder
  readonly #closed: Promise<RecordingResult>
  #ended: (() => void) | undefined
  #stop: (() => void) | undefined
  #timer: TimerHandle
  #bytes = 0
  #error: readonly [unknown] | undefined

  /** @internal */
  constructor(runtime: Runtime, target: TraceTarget, share: number, maxBytes: number) {
    this.#runtime = runtime
    this.#target = target
    this.#maxBytes = maxBytes
    this.#closed = new Promise((resolve) => {
      this.#ended = () => resolve(this.#result())
    })
    target.on('error', (error) => this.#fail(error))
    this.#recorder = new Recorder(
      runtime,
      share,
      (chunk) => this.#write(chunk),
      () => (target.writableLength ?? 0) > MOST_WAITING,
    )
    const { bounds } = runtime.store
    const isWeighed = bounds?.maxWeight !== undefined || bounds?.maxBytes !== undefined
    const maxEntries = isWeighed ? bounds.maxEntries : bounds && (bounds.maxEntries ?? DEFAULT_ENTRIES)
    const header = { cache: runtime.name, share, startedAt: runtime.clock.wallNow(), maxEntries }
    this.#write(new TextEncoder().encode(headerLine(header)))
    if (this.#error !== undefined) return
    this.#stop = runtime.observe(this.#recorder)
    this.#wait()
  }

  /** Ends the recording, and resolves when all is written. */
  close(): Promise<RecordingResult> {
    if (this.#stop !== undefined) {
      this.#stopWatching()
      this.#recorder.flush()
      this.#end()
    }
    return this.#closed
  }

  /** Does what {@link close} does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #result(): RecordingResult {
    const { records, dropped } = this.#recorder
    const error = this.#error
    return { records, dropped, bytes: this.#bytes, ...(error !== undefined && { error: error[0] }) }
  }

  #write(chunk: Uint8Array): void {
    if (this.#error !== undefined) return
    try {
      this.#target.write(chunk)
      this.#bytes += chunk.length
      if (this.#bytes >= this.#maxBytes) void this.close()
    } catch (error) {
      this.#fail(error)
    }
  }

  #stopWatching(): void {
    this.#stop?.()
    this.#stop = undefined
    this.#runtime.timers.clear(this.#timer)
  }

  #end(): void {
    if (this.#error !== undefined) return
    try {
      this.#target.end((error) => {
        // The stream may fail after its last part was given to it.
        if (error instanceof Error) this.#fail(error)
        else this.#ended?.()
      })
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#error ??= [error]
    this.#stopWatching()
    this.#ended?.()
  }

  #wait(): void {
    this.#timer = this.#runtime.timers.set(() => {
      if (this.#runtime.closing !== undefined) return void this.close()
      this.#recorder.tick()
      if (this.#stop !== undefined) this.#wait()
    }, FLUSH_MS)
  }
}
