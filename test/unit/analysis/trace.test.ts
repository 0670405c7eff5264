import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  headerLine,
  HIT,
  LOAD,
  MISS,
  REFRESH,
  REMOVE,
  STALE,
  WRITE,
} from '../../../src/analysis/trace/format.ts'
import { parseTrace, readTrace, type TraceRecord } from '../../../src/analysis/trace/read-trace.ts'
import { RecordWriter } from '../../../src/analysis/trace/record-writer.ts'

const HEADER = { cache: 'users', share: 0.5, startedAt: 1_750_000_000_000, maxEntries: 100 }
const NUMBERS = {
  hit: HIT,
  stale: STALE,
  miss: MISS,
  load: LOAD,
  refresh: REFRESH,
  write: WRITE,
  remove: REMOVE,
}

function bytesOf(records: readonly TraceRecord[], header = HEADER): Buffer {
  const chunks: Uint8Array[] = [Buffer.from(headerLine(header))]
  const writer = new RecordWriter(0, (chunk) => chunks.push(chunk))
  for (const { kind, family, key, atMs, bytes = 0, costMs = 0, ttlMs = Infinity } of records) {
    if (kind === 'load' || kind === 'refresh' || kind === 'write')
      writer.value(NUMBERS[kind], family, key, atMs, { bytes, costMs, ttlMs })
    else writer.key(NUMBERS[kind], family, key, atMs)
  }
  writer.flush()
  return Buffer.concat(chunks)
}

const place = {
  family: fc.string({ maxLength: 2000 }).map((text) => text.toWellFormed()),
  key: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  atMs: fc.integer({ min: 0, max: 2 ** 40 }),
}
const record: fc.Arbitrary<TraceRecord> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('hit' as const, 'stale' as const, 'miss' as const, 'remove' as const),
    ...place,
  }),
  fc.record({
    kind: fc.constantFrom('load' as const, 'refresh' as const, 'write' as const),
    ...place,
    bytes: fc.integer({ min: 0, max: 2 ** 45 }),
    costMs: fc.integer({ min: 0, max: 1e9 }).map((micros) => micros / 1000),
    ttlMs: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 2 ** 45 })),
  }),
)
const records = fc.array(record, { maxLength: 60 }).map((all) => all.toSorted((a, b) => a.atMs - b.atMs))

function codeOf(call: () => unknown): unknown {
  try {
    call()
    return undefined
  } catch (error) {
    return (error as { readonly code?: unknown }).code ?? error
  }
}

describe('a trace', () => {
  it('has the records that were written', () => {
    fc.assert(
      fc.property(records, (all) => {
        const short = all.map((one) => ({ ...one, family: one.family.slice(0, 200) }))
        expect(parseTrace(bytesOf(short))).toEqual({ ...HEADER, records: short })
      }),
    )
  })

  it('keeps the same family for the same name, also of a name that is too long', () => {
    const family = 'x'.repeat(5000)
    const written = ['hit', 'hit'].map((kind) => ({ kind: kind as 'hit', family, key: 1, atMs: 0 }))
    const { records: read } = parseTrace(bytesOf(written))
    expect(new Set(read.map((one) => one.family)).size).toBe(1)
    expect(read).toHaveLength(2)
  })

  it('takes some ten bytes a record', () => {
    const all = Array.from({ length: 1000 }, (_, index) => ({
      kind: 'hit' as const,
      family: 'user:{id}',
      key: index,
      atMs: index * 50,
    }))
    expect(bytesOf(all).length).toBeLessThan(8000)
  })

  it('is read up to its last whole record if it was cut off anywhere', () => {
    fc.assert(
      fc.property(records, fc.nat(), (all, at) => {
        const bytes = bytesOf(all)
        const start = headerLine(HEADER).length
        const { records: read } = parseTrace(bytes.subarray(0, start + (at % (bytes.length - start + 1))))
        expect(read.map(({ key }) => key)).toEqual(all.slice(0, read.length).map(({ key }) => key))
      }),
    )
  })

  it.each([
    ['nothing', ''],
    ['another text', 'hello\nworld'],
    ['JSON that is no header', '{"a":1}\n'],
    ['a later version', headerLine(HEADER).replace('"version":1', '"version":2')],
    ['a share of nothing', headerLine({ ...HEADER, share: 0 })],
    ['a family that was never named', `${headerLine(HEADER)}\0\u0005\0\0\0\0\0`],
    ['a kind that there is not', `${headerLine(HEADER)}\u0009\0\0\0\0\0\0`],
  ])('is refused if it is %s', async (_, text) => {
    await expect(readTrace(Buffer.from(text, 'latin1'))).rejects.toMatchObject({ code: 'ERR_CACHE_OPTIONS' })
  })

  it('is refused with an error of ours, or read, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const bytes = Buffer.concat([Buffer.from(headerLine(HEADER)), noise])
        expect([undefined, 'ERR_CACHE_OPTIONS']).toContain(codeOf(() => parseTrace(bytes)))
      }),
    )
  })

  it('is read from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cachette-trace-'))
    try {
      const file = join(folder, 'a.trace')
      await writeFile(file, bytesOf([{ kind: 'miss', family: 'a', key: 5, atMs: 7 }]))
      expect((await readTrace(file)).records).toEqual([{ kind: 'miss', family: 'a', key: 5, atMs: 7 }])
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
