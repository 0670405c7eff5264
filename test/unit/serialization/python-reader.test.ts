import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { envelope, goldenCases } from './golden/v1/cases.ts'

const folder = fileURLToPath(new URL('./golden/v1/', import.meta.url))
const script = fileURLToPath(new URL('../../../docs/wire-format-reader.py', import.meta.url))
const hasPython = spawnSync('python3', ['--version']).status === 0

/** A line of what the reader prints. */
interface Line {
  readonly frame: boolean
  readonly unreadable?: string
  readonly [field: string]: unknown
}

function readAll(): Map<string, Line> {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.bin'))
    .map((file) => file.slice(0, -4))
  const output = execFileSync('python3', [script, ...names.map((name) => `${folder}${name}.bin`)], {
    encoding: 'utf8',
  })
  const lines = output.trim().split('\n')
  return new Map(names.map((name, index) => [name, JSON.parse(lines[index]!) as Line]))
}

describe.skipIf(!hasPython && process.env['CI'] !== 'true')('the reader in plain Python', () => {
  it('reads every header and the bodies that it should, and names the rest', () => {
    const lines = readAll()
    const unreadable: Record<string, string | undefined> = {}
    for (const [name, line] of lines) {
      if (line.unreadable !== undefined) unreadable[name] = line.unreadable
    }
    const rich = 'rich JSON: a revive tree is to be applied'
    expect(unreadable).toEqual({
      'brotli-json': 'compressed with brotli',
      custom: 'written by the serializer hex',
      'encrypted-gzip-rich': 'encrypted',
      'encrypted-json': 'encrypted',
      'gzip-rich': rich,
      'rich-cycles': rich,
      'rich-date': rich,
      'rich-error': rich,
      'rich-everything': rich,
      'rich-undefined': rich,
      'unknown-body': 'body type 14',
      'unknown-codec': 'compression 7',
      'unknown-flag': 'flags 128',
      'unknown-version': 'version 2',
      'zstd-json': 'compressed with zstd',
    })
  })

  it('gives the same values and envelopes as this library', () => {
    const lines = readAll()
    const cases = goldenCases()
    const readable = [...lines].filter(([name, line]) => 'value' in line && name in cases)
    expect(readable.length).toBeGreaterThan(7)
    for (const [name, line] of readable) expect([name, line['value']]).toEqual([name, cases[name]!.value])
    const framed = [...lines].filter(([name]) => cases[name]?.framed === true)
    for (const [, line] of framed) {
      expect(line).toMatchObject({
        frame: true,
        ttlMs: envelope.ttlMs,
        graceMs: envelope.graceMs,
        loadMs: envelope.loadMs,
        rowVersion: '0123456789abcdef',
        tags: envelope.tags,
      })
    }
    expect(lines.get('bare-object')).toEqual({ frame: false, value: cases['bare-object']!.value })
    expect(lines.get('raw-buffer')).toMatchObject({ base64: 'AAEC/f7/', buffer: true, ttlMs: null })
    expect(lines.get('raw-uint8array')).toMatchObject({ base64: 'wRM=', buffer: false })
    expect(lines.get('counter')!['value']).toBe(-42)
    expect(lines.get('negative')!['value']).toBe(null)
    expect(lines.get('rich-date')).toMatchObject({ plain: '2026-11-24T10:20:30.400Z', tree: 'Date' })
  })
})
