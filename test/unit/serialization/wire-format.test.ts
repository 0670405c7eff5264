import { describe, expect, it } from 'vitest'
import { TypeRegistry, WireFormat, type SerializationError } from '../../../src/serialization/index.ts'
import { admit, copy } from '../../../src/serialization/clone.ts'
import { resolveRules, type ValueOptions } from '../../../src/serialization/json/rules.ts'
import { differences } from './differences.ts'
import { keptValues, Money, refusedValues, registry } from './values.ts'

/** What happens to a value: the one that comes back, or the path and kind of the refusal. */
type Outcome = { value: unknown } | { path: string; kind: string }

function throughBytes(value: unknown, options: ValueOptions): Outcome {
  const wire = new WireFormat(options)
  try {
    return { value: wire.deserialize(wire.serialize(value)) }
  } catch (error) {
    const { name, path, kind } = error as SerializationError
    expect(name).toBe('SerializationError')
    return { path, kind }
  }
}

function throughMemory(value: unknown, options: ValueOptions): Outcome {
  const { stored, refused } = admit(value, resolveRules(options))
  if (refused !== undefined) return { path: refused.path, kind: refused.kind }
  return { value: copy(stored) }
}

/** The value that the caller of a load gets, before any bytes are sent. */
function throughEncoded(value: unknown, options: ValueOptions): Outcome {
  const wire = new WireFormat(options)
  try {
    return { value: wire.decode(wire.encode(value)) }
  } catch (error) {
    const { path, kind } = error as SerializationError
    return { path, kind }
  }
}

const ways = { bytes: throughBytes, 'what was encoded': throughEncoded, memory: throughMemory }

describe.each(Object.entries(ways))('a value through %s', (_way, through) => {
  it.each(Object.entries(keptValues()))('keeps %s', (_name, { value, expected }) => {
    const outcome = through(value, { registry })
    expect(outcome).toHaveProperty('value')
    expect(differences((outcome as { value: unknown }).value, expected)).toEqual([])
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it.each(Object.entries(refusedValues()))('refuses %s', (_name, { value, path, kind, options }) => {
    expect(through(value, { registry, ...options })).toEqual({ path, kind })
  })

  it("stores the data of unregistered classes under classes: 'plain'", () => {
    const through1 = (value: unknown): unknown =>
      through(value, { classes: 'plain', registry: new TypeRegistry() })
    expect(through1({ price: new Money(5) })).toStrictEqual({ value: { price: { cents: 5 } } })
    class List extends Array<number> {}
    expect(through1(List.of(1, 2))).toStrictEqual({ value: [1, 2] })
    class Doc {
      gone = {
        toJSON() {},
      }
      toJSON(): object {
        return { at: new Date(1) }
      }
    }
    const doc = new Doc()
    expect(through1([doc, doc])).toStrictEqual({ value: [{ at: new Date(1) }, { at: new Date(1) }] })
  })
})
