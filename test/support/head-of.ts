import type { Head, RemoteHead } from '../../src/core/remote/log.ts'

/** Returns the head of a partition whose server has answered; `undefined` if no node follows the partition. */
export function headOf(heads: ReadonlyMap<string, RemoteHead>, partition: string): Head | undefined {
  const head = heads.get(partition)
  if (head === 'unanswered') throw new Error(`the server of ${partition} has not answered`)
  return head
}
