import type { Arg } from './client.ts'

/** Returns arguments in the form of the client libraries. Bytes become a Buffer over the same memory. */
export function withBuffers(args: readonly Arg[]): (string | Buffer)[] {
  return args.map((arg) =>
    typeof arg === 'string' || Buffer.isBuffer(arg)
      ? arg
      : Buffer.from(arg.buffer, arg.byteOffset, arg.byteLength),
  )
}

/** Whether any argument is bytes without being a Buffer. */
export function hasPlainBytes(args: readonly Arg[]): boolean {
  for (const arg of args) if (typeof arg !== 'string' && !Buffer.isBuffer(arg)) return true
  return false
}
