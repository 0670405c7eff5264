import { setTimeout as sleep } from 'node:timers/promises'
import type { Library } from '../candidate.ts'
import type { NodeProcess } from '../node-process.ts'
import { gate } from '../gate.ts'
import { text, type Seen } from '../row.ts'

/** The trouble of a row that did not come to the point where something is judged. */
export class UnpreparedError extends Error {
  override readonly name = 'UnpreparedError'
}

/** Does what has to work before there is trouble. */
export async function prepared(...calls: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(calls)
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw new UnpreparedError('It could not be prepared.', { cause: failed.reason })
}

/** Lets a process set a value that another one reads. */
export async function shares(a: NodeProcess, b: NodeProcess, library: Library, key: string): Promise<void> {
  await prepared(a.call('set', key, 'old'))
  if ((await takes(b, library, key).catch(() => undefined)) !== 'old')
    throw new UnpreparedError('The other process did not read the value.')
}

/** Polls until a condition holds; answers whether it did in time. A throw counts as not yet. */
export async function holds(condition: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs
  const poll = async (): Promise<boolean> => {
    while (performance.now() < end) {
      if (await condition().catch(() => false)) return true
      await sleep(20)
    }
    return false
  }
  const timeout = new AbortController()
  const late = sleep(withinMs + 500, false, { signal: timeout.signal }).catch(() => false)
  const answer = await Promise.race([poll(), late])
  timeout.abort()
  return answer
}

/** Takes a value into the memory of a process, by a load if the library has them. */
export async function takes(node: NodeProcess, library: Library, key: string): Promise<unknown> {
  if (library.lacks['load'] !== undefined) return node.call('get', key)
  return node.load(key, async () => 'loaded anew')
}

/** Judges whether a process stops answering a value in time. */
export async function stopsServing(node: NodeProcess, key: string, withinMs: number): Promise<Seen> {
  const hasStopped = await holds(async () => (await node.call('get', key)) === undefined, withinMs)
  if (hasStopped) return true
  return node.isAlive ? `still served after ${withinMs / 1000} s` : 'its process ended'
}

export interface Overlap {
  readonly key: string
  /** The process whose load is overlapped. */
  readonly loading: NodeProcess
  /** Runs while the load has read the old row; `update` makes the row new. */
  act(update: () => void): Promise<unknown>
  readonly readers: readonly NodeProcess[]
  readonly tags?: readonly string[]
}

/** A load reads the old row, the row changes and is invalidated, the load ends: then readers load. */
export async function overlapped({ key, loading, act, readers, tags }: Overlap): Promise<Seen> {
  let row = 'old'
  const started = gate()
  const released = gate()
  const options = { ...(tags !== undefined && { tags }) }
  const loader = async (): Promise<string> => {
    const read = row
    started.open()
    await released.opened
    return read
  }
  // An invalidation may end the load, too.
  const load = loading.load(key, loader, options).catch(() => undefined)
  await started.opened
  await act(() => {
    row = 'new'
  })
  released.open()
  await load
  for (const reader of readers) {
    const read = await reader.load(key, async () => row, options)
    if (read !== 'new') return `the next call answered ${text(read)}`
  }
  return true
}
