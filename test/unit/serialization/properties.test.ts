import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { admit, copy } from '../../../src/serialization/clone.ts'
import { WireFormat, type SerializationError } from '../../../src/serialization/index.ts'
import { resolveRules } from '../../../src/serialization/json/rules.ts'
import { differences } from './differences.ts'
import { anyGraph, anyGraphWithRefusedParts, anyTree } from './graphs.ts'
import { registry } from './values.ts'

const rules = resolveRules({ registry })
const wire = new WireFormat({ registry })
const runs = { numRuns: 3_000 }

function throughBytes(value: unknown): unknown {
  return wire.deserialize(wire.serialize(value))
}

function throughMemory(value: unknown): unknown {
  const { stored, refused } = admit(value, rules)
  if (refused !== undefined) throw refused
  return copy(stored)
}

function same(actual: unknown, expected: unknown): void {
  const found = differences(actual, expected)
  if (found.length > 0) throw new Error(`${found.join('\n')}\n${inspect(actual)}\n${inspect(expected)}`)
}

describe.each([
  ['trees', anyTree],
  ['graphs', anyGraph],
])('any value, %s', (_name, values) => {
  it('is the same after bytes and after memory', () => {
    fc.assert(
      fc.property(values, (value) => {
        same(throughBytes(value), value)
        same(throughMemory(value), value)
      }),
      runs,
    )
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it('is left as it was by writing and by readers of the copy', () => {
    fc.assert(
      fc.property(values, (value) => {
        const before = throughMemory(value)
        const { stored } = admit(value, rules)
        wire.serialize(value)
        same(value, before)
        destroy(copy(stored!))
        destroy(throughBytes(value))
        same(copy(stored!), value)
      }),
      { numRuns: 500 },
    )
  })
})

describe('any value with parts that can not be stored', () => {
  it('is refused by bytes and memory alike, at the same path', () => {
    let refusals = 0
    const outcome = (through: (value: unknown) => unknown, value: unknown): unknown => {
      try {
        return { value: through(value) }
      } catch (error) {
        refusals++
        const { name, path, kind } = error as SerializationError
        return { refused: [name, path, kind] }
      }
    }
    fc.assert(
      fc.property(anyGraphWithRefusedParts, (value) => {
        same(outcome(throughBytes, value), outcome(throughMemory, value))
      }),
      runs,
    )
    expect(refusals).toBeGreaterThan(500)
  })
})

/** Changes every part of a value that can be changed. */
function destroy(value: unknown, seen: Set<unknown> = new Set()): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  if (value instanceof Map) for (const entry of value) destroy(entry, seen)
  if (value instanceof Set) for (const element of value) destroy(element, seen)
  if (ArrayBuffer.isView(value)) new Uint8Array(value.buffer, value.byteOffset, value.byteLength).fill(1)
  else for (const name of Object.keys(value)) destroy((value as Record<string, unknown>)[name], seen)
  if (value instanceof Date) value.setTime(7)
  if (value instanceof Map || value instanceof Set) value.clear()
  if (value instanceof ArrayBuffer) new Uint8Array(value).fill(1)
  if (Array.isArray(value)) value.length = 0
  if (!ArrayBuffer.isView(value)) Object.assign(value, { changed: true })
}
