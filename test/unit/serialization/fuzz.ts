import { inspect } from 'node:util'
import { SerializationError } from '../../../src/core/errors.ts'
import type { Target } from './fuzz-targets.ts'

/** What was found: an empty list of failures is what is wanted. */
export interface FuzzReport {
  readonly failures: string[]
  /** How many inputs gave a value: 0 would mean that nothing got past the first byte. */
  read: number
  slowestMs: number
}

/** Random numbers that a seed repeats (mulberry32). */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const fragments = [
  '"__proto__":', '"constructor":', '"prototype":', '"length":', '"toJSON":', '"0":', '{', '}', '[', ']', ',', 'null',
  '["&",1]', '["&",1,', '["ref",1]', '["*",', '["#",["Date"],"01"]', '["sparse",4294967295]', '["sparse",3,',
  '["class","Money"]', '["class","Pair"]', '["Error","Error"]', '["Error","AggregateError"]', '["RegExp","g"]',
  '"Map"', '"Set"', '["Map",', '["Set",', '"null"', '["null",', '"undefined"', '"Date"', '"BigInt"', '"URL"',
  '"Buffer"', '"Float64Array"', '"BigInt64Array"', '"DataView"', '"-0"', '1e999', '-0', '"\\ud800"',
  '"0x1"', '"-0xffffffffffffffffffff"', '{"__proto__":{"polluted":1}}', '"(a+)+$"', '\u00c1\u0013',
].map((text) => Buffer.from(text, 'latin1')) // prettier-ignore

/** A changed copy of one of the seeds, or bytes of no origin. */
export function mutate(seeds: readonly Buffer[], random: (below: number) => number): Buffer {
  if (random(50) === 0) return Buffer.from(Array.from({ length: random(200) }, () => random(256)))
  let bytes = Buffer.from(seeds[random(seeds.length)]!)
  if (random(400) === 0) return stretched(bytes, random)
  for (let times = random(4) === 0 ? 1 + random(4) : 1; times > 0; times--) {
    const at = random(bytes.length + 1)
    switch (random(6)) {
      case 0:
        if (at < bytes.length) bytes[at]! ^= 1 << random(8)
        break
      case 1:
        if (at < bytes.length) bytes[at] = random(256)
        break
      case 2:
        bytes = bytes.subarray(0, at)
        break
      case 3:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          bytes.subarray(Math.min(bytes.length, at + 1 + random(16))),
        ])
        break
      case 4:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          fragments[random(fragments.length)]!,
          bytes.subarray(at),
        ])
        break
      default: {
        const other = seeds[random(seeds.length)]!
        const start = random(other.length)
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          other.subarray(start, start + random(64)),
          bytes.subarray(at),
        ])
      }
    }
  }
  return bytes
}

const longest = 65_536

/** Up to 64 KB: a piece of the seed, or a fragment, again and again, so that nesting and lengths get out of hand. */
function stretched(seed: Buffer, random: (below: number) => number): Buffer {
  const at = random(seed.length + 1)
  const piece =
    random(2) === 0 ? fragments[random(fragments.length)]! : seed.subarray(at, at + 1 + random(40))
  const times = piece.length === 0 ? 0 : Math.floor((longest - seed.length) / piece.length)
  const repeated = Buffer.concat(Array.from({ length: 1 + random(Math.max(1, times)) }, () => piece))
  return Buffer.concat([seed.subarray(0, at), repeated, seed.subarray(at)])
}

const watched = [
  Object, Array, Function, String, Number, Boolean, BigInt, Symbol, Date, RegExp, Map, Set, Promise, Error, TypeError,
  AggregateError, URL, URLSearchParams, ArrayBuffer, DataView, Uint8Array, Float64Array, Buffer,
].map((type) => type.prototype as object) // prettier-ignore

/** A text that changes when a built-in prototype does. */
export function prototypesNow(): string {
  return watched
    .map((prototype) =>
      Reflect.ownKeys(prototype)
        .map((name) => {
          const { value, writable, enumerable } = Object.getOwnPropertyDescriptor(prototype, name)!
          return `${String(name)}:${typeof value}:${writable}:${enumerable}`
        })
        .join(),
    )
    .join('\n')
}

const slow = 100

/** Feeds mutated inputs to a decoder; the same seed gives the same inputs. */
export function fuzz(target: Target, count: number, seed: number): FuzzReport {
  const random = randomOf(seed)
  const report: FuzzReport = { failures: [], read: 0, slowestMs: 0 }
  const before = prototypesNow()
  const fail = (what: string, input: Buffer): void => {
    report.failures.push(`${target.name}, seed ${seed}: ${what}: ${input.toString('base64')}`)
  }
  for (let index = 0; index < count && report.failures.length < 5; index++) {
    const input = mutate(target.seeds, random)
    const ms = cpuOf(target, input, report, fail)
    // The first time may be the garbage collector's: what is slow is slow again.
    if (ms > slow && cpuOf(target, input, report, fail) > slow) fail(`took ${ms} ms`, input)
    report.slowestMs = Math.max(report.slowestMs, ms)
    if (index % 5_000 === 0 && prototypesNow() !== before) fail('a prototype was changed before', input)
  }
  if (prototypesNow() !== before) report.failures.push(`${target.name}: a prototype was changed`)
  return report
}

function cpuOf(
  target: Target,
  input: Buffer,
  report: FuzzReport,
  fail: (what: string, input: Buffer) => void,
): number {
  const start = process.cpuUsage()
  try {
    target.decode(input)
    report.read++
  } catch (error) {
    if (!(error instanceof SerializationError)) fail(`threw ${inspect(error)}`, input)
  }
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1_000
}
