import { compression, encryption, readFrame, WireFormat } from '../../../src/serialization/index.ts'
import { isFrame, type Envelope } from '../../../src/serialization/wire/frame.ts'
import { readRich } from '../../../src/serialization/json/rich-reader.ts'
import { resolveRules } from '../../../src/serialization/json/rules.ts'
import { keptValues, registry } from './values.ts'

/** A decoder and inputs that it reads, to be mutated. */
export interface Target {
  readonly name: string
  readonly seeds: readonly Buffer[]
  readonly decode: (input: Buffer) => unknown
}

const envelope: Envelope = {
  ttlMs: 1_000,
  graceMs: 5,
  loadMs: 1,
  rowVersion: 7n,
  tags: [{ tag: 'users', hard: '0123456789abcdef', soft: 1 }],
}

const longest = 2_000
const rules = resolveRules({ registry })
const separator = '\n|\n'

/** Every decoder. What they refuse they must refuse with a SerializationError. */
export function fuzzTargets(): Target[] {
  const plain = new WireFormat({ registry })
  const packed = new WireFormat({ registry, compression: compression({ codec: 'gzip', threshold: 0 }) })
  const brotli = new WireFormat({ registry, compression: compression({ codec: 'brotli', threshold: 0 }) })
  const secret = new WireFormat({ registry, encryption: encryption({ keys: { a: Buffer.alloc(32, 1) } }) })
  const values = Object.entries(keptValues())
    .filter(([name]) => !name.startsWith('depth '))
    .map(([, { value }]) => value)
  const bytesBy = (wire: WireFormat, carried?: Envelope): Buffer[] =>
    values.map((value) => Buffer.from(wire.write(wire.encode(value), carried)))
  const small = (seeds: Buffer[]): Buffer[] =>
    seeds.filter((seed) => seed.length > 0 && seed.length <= longest)
  const frames = small(bytesBy(plain, envelope))
  return [
    {
      name: 'rich JSON and its revive tree',
      seeds: small(bytesBy(plain).filter((bytes) => isFrame(bytes))).flatMap(richText),
      decode: (input) => {
        const text = input.toString()
        const at = text.indexOf(separator)
        return at < 0 ? readRich('null', text, rules) : readRich(text.slice(0, at), text.slice(at + 3), rules)
      },
    },
    { name: 'frames', seeds: frames, decode: (input) => plain.deserialize(input) },
    {
      name: 'bare JSON',
      seeds: small(bytesBy(plain).filter((bytes) => !isFrame(bytes))),
      decode: (input) => plain.deserialize(input),
    },
    { name: 'gzip bodies', seeds: small(bytesBy(packed)), decode: (input) => packed.deserialize(input) },
    { name: 'brotli bodies', seeds: small(bytesBy(brotli)), decode: (input) => brotli.deserialize(input) },
    { name: 'encrypted frames', seeds: small(bytesBy(secret)), decode: (input) => secret.deserialize(input) },
  ]
}

function richText(bytes: Buffer): Buffer[] {
  const { content, body: part } = readFrame(bytes)
  const body = Buffer.from(part)
  if (content.type !== 'rich') return []
  const split = body.length - (content.treeLength ?? 0)
  const joined = Buffer.concat([body.subarray(0, split), Buffer.from(separator), body.subarray(split)])
  // Only seeds that are read show that mutations of them reach the reader at all.
  readRich(body.toString('utf8', 0, split), body.toString('utf8', split), rules)
  return [joined]
}
