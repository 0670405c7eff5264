import { types } from 'node:util'
import { baseKindOf, kindOf, type Kind } from '../internal/kinds.ts'
import type { Step } from './json/path.ts'
import { refusedClass, refusedOpaque } from './refusal.ts'
import type { RegisteredClass } from './json/registry.ts'
import type { ValueRules } from './json/rules.ts'

const { isProxy } = types

/** The decision about an object: copy or write it as a kind, encode it, or take the answer of its `toJSON`. */
export type Resolution =
  | { readonly as: Kind }
  | { readonly as: 'instance'; readonly registered: RegisteredClass }
  | { readonly as: 'to-json'; readonly toJSON: () => unknown }

const plainObject: Resolution = { as: 'object' }
const plainArray: Resolution = { as: 'array' }

/**
 * Decides about any object, or throws the refusal if it can't be stored. The memory engine and the wire format both ask
 * here, so that they keep and refuse the same values.
 */
export function resolve(value: object, rules: ValueRules, steps: readonly Step[]): Resolution {
  if (isProxy(value)) throw refusedOpaque(value, steps)
  const prototype: object | null = Object.getPrototypeOf(value)
  // Nearly every object is plain, and needs no look at the tables.
  if (prototype === Object.prototype) return plainObject
  if (prototype === Array.prototype && Array.isArray(value)) return plainArray
  const kind = kindOf(value)
  if (kind !== undefined && kind !== 'error') return { as: kind }
  const registered = prototype === null ? undefined : rules.registry.ofPrototype(prototype)
  if (registered !== undefined) return { as: 'instance', registered }
  if (kind !== undefined) return { as: kind }
  if (isOpaque(value)) throw refusedOpaque(value, steps)
  if (rules.classes === 'refuse') throw refusedClass(value, steps)
  return resolvePlain(value, steps)
}

function resolvePlain(value: object, steps: readonly Step[]): Resolution {
  const base = baseKindOf(value)
  if (base !== undefined) return { as: base }
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') return { as: 'to-json', toJSON: () => Reflect.apply(toJSON, value, ['']) }
  // Such an object has only private fields and internal slots, so storing {} for it would lose it in silence.
  if (Object.keys(value).length === 0) throw refusedOpaque(value, steps)
  return plainObject
}

/** Whether the object is a built-in one whose data no copy reaches. */
function isOpaque(value: object): boolean {
  return (
    types.isPromise(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isGeneratorObject(value) ||
    types.isMapIterator(value) ||
    types.isSetIterator(value) ||
    types.isSharedArrayBuffer(value) ||
    types.isArrayBuffer(value) ||
    types.isBoxedPrimitive(value) ||
    types.isModuleNamespaceObject(value) ||
    value instanceof WeakRef ||
    isStream(value)
  )
}

function isStream(value: object): boolean {
  const { pipe, getReader, getWriter } = value as { pipe?: unknown; getReader?: unknown; getWriter?: unknown }
  return typeof pipe === 'function' || typeof getReader === 'function' || typeof getWriter === 'function'
}
