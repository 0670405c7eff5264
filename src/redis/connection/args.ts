import type { Arg } from './client.ts'

/** Arguments as the client libraries take them: bytes as a Buffer over the same memory. */
export function withBuffers(args: readonly Arg[]): (string | Buffer)[] {
  return args.map((arg) =>
    typeof arg === 'string' || Buffer.isBuffer(arg)
      ? arg
      : Buffer.from(arg.buffer, arg.byteOffset, arg.byteLength),
  )
}

/** Whether there are bytes among them that are no Buffer. */
export function hasPlainBytes(args: readonly Arg[]): boolean {
  for (const arg of args) if (typeof arg !== 'string' && !Buffer.isBuffer(arg)) return true
  return false
}
