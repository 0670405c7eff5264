import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

/** A recorded sequence of accesses. */
export interface Trace {
  readonly name: string
  /** Keys by number, in the order of the accesses. */
  readonly keys: Int32Array
  /** Bytes of each access, if they were recorded. */
  readonly sizes?: Float64Array
}

type Accesses = Iterable<readonly [key: unknown, size?: number]>

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/** Folder of the traces: `CACHETTE_TRACES`, or shared/traces beside the project. */
export const traceFolder = resolve(root, process.env['CACHETTE_TRACES'] ?? '../shared/traces')

const files: Readonly<Record<string, readonly [file: string, read: (bytes: Buffer) => Accesses]>> = {
  'lirs-multi1': ['lirs-multi1.trace.gz', decimalLines],
  'lirs-loop': ['lirs-loop.trace.gz', decimalLines],
  'lirs-gli': ['lirs-gli.trace.gz', decimalLines],
  'lirs-sprite': ['lirs-sprite.trace.gz', decimalLines],
  'c2k-web07': ['cache2k-web07.trace.xz', (bytes) => integers(bytes, 4)],
  'c2k-orm-busy': ['cache2k-orm-busy.trace.xz', (bytes) => integers(bytes, 4)],
  'addr-gcc': ['address-gcc.trace.gz', addresses],
  'corda-vault': ['corda-trace_vaultservice.gz', (bytes) => integers(bytes, 8)],
  'adaptsize-req': ['adaptsize-request.trace.xz', requests],
}

export const traceNames: readonly string[] = Object.keys(files)

/** Returns a trace, or `undefined` if its file is absent. */
export function loadTrace(name: string): Trace | undefined {
  const [file, read] = files[name]!
  const path = join(traceFolder, file)
  if (!existsSync(path)) return undefined
  const numbers = new Map<unknown, number>()
  const keys: number[] = []
  const sizes: number[] = []
  for (const [key, size] of read(decompress(path))) {
    let number = numbers.get(key)
    if (number === undefined) numbers.set(key, (number = numbers.size))
    keys.push(number)
    if (size !== undefined) sizes.push(size)
  }
  const trace = { name, keys: Int32Array.from(keys) }
  return sizes.length === 0 ? trace : { ...trace, sizes: Float64Array.from(sizes) }
}

/** Returns hit ratios of other policies, by trace, size and policy. */
export function loadReference(): Map<string, Map<number, Map<string, number>>> | undefined {
  const path = join(traceFolder, 'reference-hit-ratios.csv')
  if (!existsSync(path)) return undefined
  const reference = new Map<string, Map<number, Map<string, number>>>()
  for (const line of readFileSync(path, 'utf8').trim().split(/\r?\n/).slice(1)) {
    const [trace = '', size = '', policy = '', ratio = ''] = line.split(',')
    const sizes = reference.get(trace) ?? new Map<number, Map<string, number>>()
    const policies = sizes.get(Number(size)) ?? new Map<string, number>()
    reference.set(trace, sizes.set(Number(size), policies.set(policy, Number(ratio))))
  }
  return reference
}

function decompress(path: string): Buffer {
  if (path.endsWith('.gz')) return gunzipSync(readFileSync(path))
  return execFileSync('xz', ['--decompress', '--stdout', path], { maxBuffer: 2 ** 30 })
}

function lines(bytes: Buffer): string[] {
  return bytes
    .toString('latin1')
    .split(/\r?\n/)
    .filter((line) => line !== '')
}

function* decimalLines(bytes: Buffer): Accesses {
  for (const line of lines(bytes)) if (line.trim() !== '*') yield [line.trim()]
}

function* addresses(bytes: Buffer): Accesses {
  for (const line of lines(bytes)) yield [line.split(' ')[1]]
}

function* requests(bytes: Buffer): Accesses {
  for (const line of lines(bytes)) {
    const [, key, size] = line.split(' ')
    yield [key, Number(size)]
  }
}

function* integers(bytes: Buffer, width: 4 | 8): Accesses {
  for (let at = 0; at + width <= bytes.length; at += width) {
    yield [width === 4 ? bytes.readInt32BE(at) : bytes.readBigInt64BE(at)]
  }
}
