import { describe, expect, it } from 'vitest'
import { SerializationError, WireFormat } from '../../../src/serialization/index.ts'
import { writeHeader, type BodyHeader, type Envelope } from '../../../src/serialization/wire/frame.ts'
import { readRich } from '../../../src/serialization/json/rich-reader.ts'
import { resolveRules } from '../../../src/serialization/json/rules.ts'
import { fuzzTargets } from './fuzz-targets.ts'
import { fuzz, prototypesNow } from './fuzz.ts'
import { registry } from './values.ts'

const rules = resolveRules({ registry })
const none: Envelope = { ttlMs: Infinity, graceMs: 0, loadMs: 0, tags: [] }

function outcomeOf(read: () => unknown): string {
  try {
    read()
    return 'read'
  } catch (error) {
    if (error instanceof SerializationError) return error.kind
    throw error
  }
}

function rich(body: string, tree: string): string {
  return outcomeOf(() => readRich(body, tree, rules))
}

function frame(content: BodyHeader, body: Buffer | string): string {
  return outcomeOf(() =>
    new WireFormat().deserialize(Buffer.concat([writeHeader(none, content), Buffer.from(body)])),
  )
}

describe('hostile revive trees', () => {
  const trees: [name: string, body: string, tree: string, outcome: string][] = [
    ['a path through __proto__', '{}', '{"__proto__":{"polluted":"Date"}}', 'corrupt'],
    [
      'a path through an inherited name',
      '{}',
      '{"constructor":{"prototype":{"polluted":"Date"}}}',
      'corrupt',
    ],
    [
      'an own __proto__ to be revived',
      '{"__proto__":{"polluted":null}}',
      '{"__proto__":{"polluted":"Date"}}',
      'read',
    ],
    ['an own __proto__ that becomes a Map', '{"__proto__":[]}', '{"__proto__":"Map"}', 'read'],
    ['a null prototype with __proto__', '{"__proto__":{"polluted":1}}', '"null"', 'read'],
    [
      'properties of an error named __proto__',
      '{"message":"","properties":{"__proto__":{"polluted":1}}}',
      '["Error","Error"]',
      'read',
    ],
    ['the length of an array', '[1]', '{"length":"undefined"}', 'corrupt'],
    ['an index beyond the array', '[1]', '{"1":"Date"}', 'corrupt'],
    ['an index that is none', '[1]', '{"00":"Date"}', 'corrupt'],
    ['a mark that is none', '1', '"toString"', 'corrupt'],
    ['a mark of a prototype', '1', '"__proto__"', 'corrupt'],
    ['a tree that is a number', '1', '1', 'corrupt'],
    ['no tree', '1', 'null', 'corrupt'],
    ['a tree that is no JSON', '1', '{', 'corrupt'],
    ['a body that is no JSON', '', '"Date"', 'corrupt'],
    ['properties of a text', '"text"', '{"0":"Date"}', 'corrupt'],
    ['a date that is none', '"x"', '"Date"', 'corrupt'],
    ['a date of an object', '{"toString":1}', '"Date"', 'corrupt'],
    ['a decimal BigInt', '"12"', '"BigInt"', 'corrupt'],
    ['a BigInt too long', JSON.stringify(`0x${'f'.repeat(70_000)}`), '"BigInt"', 'corrupt'],
    ['a URL that is none', '"x"', '"URL"', 'corrupt'],
    ['a RegExp that is none', '"("', '["RegExp","g"]', 'corrupt'],
    ['a RegExp with odd flags', '"a"', '["RegExp","gg"]', 'corrupt'],
    ['a RegExp too long', JSON.stringify('a'.repeat(20_000)), '["RegExp",""]', 'limit'],
    ['a RegExp with a negative lastIndex', '"a"', '["RegExp","g",-1]', 'corrupt'],
    ['a typed array cut within an element', '"AAAA"', '"Float64Array"', 'corrupt'],
    ['a typed array of an object', '{"length":4294967295}', '"Uint8Array"', 'corrupt'],
    ['a Map of an object', '{}', '"Map"', 'corrupt'],
    ['a Map of odd entries', '[[1]]', '"Map"', 'corrupt'],
    ['an array of 2^32 holes', '{}', '["sparse",4294967295]', 'limit'],
    ['an array with an element beyond its length', '{"7":1}', '["sparse",3]', 'corrupt'],
    ['an array with an element of another name', '{"push":1}', '["sparse",3]', 'corrupt'],
    ['a reference to nothing', 'null', '["ref",1]', 'corrupt'],
    ['a reference ahead', '[null,[]]', '{"0":["ref",1],"1":["&",1]}', 'corrupt'],
    ['a class that holds itself', 'null', '["&",1,["class","Pair",["ref",1]]]', 'corrupt'],
    ['a target that is 0', '[]', '["&",0]', 'corrupt'],
    ['a class nobody registered', '1', '["class","Object"]', 'class'],
    ['a class whose decode throws', 'null', '["class","Pair"]', 'class'],
    ['an error of no type', '{"message":""}', '["Error","Function"]', 'corrupt'],
    ['an error without a message', '{}', '["Error","Error"]', 'corrupt'],
    [
      'an error whose errors are no list',
      '{"message":"","errors":{"length":9}}',
      '["Error","AggregateError"]',
      'corrupt',
    ],
    ['digits of another length', '[1,2]', '["#",["Date"],"0"]', 'corrupt'],
    ['digits for no tree', '["x"]', '["#",["Date"],"z"]', 'corrupt'],
    ['digits that are none', '["x"]', '["#",["Date"],"_"]', 'corrupt'],
    ['each of no list', '{}', '["*","Date"]', 'corrupt'],
  ]
  it.each(trees)('%s: nothing happens', (_name, body, tree, outcome) => {
    const before = prototypesNow()
    expect(rich(body, tree)).toBe(outcome)
    expect(prototypesNow()).toBe(before)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it('that are a million levels deep are a miss', () => {
    const deep = (open: string, close: string): string => open.repeat(1_000_000) + close.repeat(1_000_000)
    for (const tree of [
      deep('["*",', ']'),
      deep('{"a":', '}'),
      `${'["&",1,'.repeat(1_000_000)}"Date"${']'.repeat(1_000_000)}`,
    ]) {
      expect(['limit', 'corrupt']).toContain(rich('[]', tree))
    }
    expect(rich(deep('[', ']'), '"Set"')).toMatch(/read|limit/)
    expect(outcomeOf(() => new WireFormat().deserialize(Buffer.from(deep('[', ']'))))).toMatch(
      /read|foreign|limit/,
    )
  })

  it('that name a huge array take no room for it', () => {
    const before = process.memoryUsage().heapUsed
    const body = JSON.stringify(Array.from({ length: 1_000 }, () => ({})))
    expect(readRich(body, '["*",["sparse",5000]]', rules)).toHaveLength(1_000)
    expect(rich(body, '["*",["sparse",5001]]')).toBe('limit')
    expect(rich('{}', '["sparse",5000000]')).toBe('read')
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000)
  })
})

describe('hostile frames', () => {
  const frames: [name: string, content: BodyHeader, body: Buffer | string, outcome: string][] = [
    ['a tree longer than the body', { type: 'rich', treeLength: 4_294_967_295 }, '1', 'corrupt'],
    ['JSON that is cut off', { type: 'json' }, '{"a":', 'corrupt'],
    ['a counter that is code', { type: 'counter' }, 'process.exit()', 'corrupt'],
    ['a counter of many digits', { type: 'counter' }, '9'.repeat(400), 'corrupt'],
    ['another serializer', { type: 'custom', serializer: '__proto__' }, '', 'serializer'],
    ['compressed bytes', { type: 'json', compressed: { codec: 'gzip', length: 9 } }, '', 'codec'],
    ['encrypted bytes', { type: 'json', encrypted: { keyId: 'a', nonce: Buffer.alloc(12) } }, '', 'cipher'],
  ]
  it.each(frames)('%s: a miss', (_name, content, body, outcome) => {
    expect(frame(content, body)).toBe(outcome)
  })

  it('with lengths beyond the bytes are a miss', () => {
    const bytes = Buffer.concat([writeHeader(none, { type: 'json' }), Buffer.from('1')])
    bytes.writeUInt16BE(65_535, 44)
    expect(outcomeOf(() => new WireFormat().deserialize(bytes))).toBe('corrupt')
    bytes.writeUInt16BE(0, 44)
    bytes.writeUInt32BE(4_294_967_295, 4)
    expect(outcomeOf(() => new WireFormat().deserialize(bytes))).toBe('corrupt')
  })
})

describe('reading', () => {
  it('calls no getter and no toJSON', () => {
    const names = [
      'toJSON',
      'then',
      'message',
      'name',
      'stack',
      'cause',
      'errors',
      'properties',
      '0',
      '1',
      'a',
      'at',
    ]
    const called: string[] = []
    const prototype: object = Object.prototype
    const target = fuzzTargets()[0]!
    for (const name of names) {
      Object.defineProperty(prototype, name, {
        configurable: true,
        get() {
          called.push(name)
          return undefined
        },
        set() {
          called.push(name)
        },
      })
    }
    try {
      for (const seed of target.seeds) {
        try {
          target.decode(seed)
        } catch {
          // What a decode of a registered class makes of such prototypes is its own affair.
        }
      }
    } finally {
      for (const name of names) Reflect.deleteProperty(prototype, name)
    }
    expect(called).toEqual([])
  })

  it.each(fuzzTargets().map((target) => [target.name, target] as const))(
    'survives mutated %s',
    (_name, target) => {
      const report = fuzz(target, 4_000, 20_261_124)
      expect(report.failures).toEqual([])
      expect(report.read).toBeGreaterThan(10)
    },
  )
})
