// The public functions of the package by name, as its entry points export them.
import * as cachette from 'cachette'
import * as analysis from 'cachette/analysis'
import * as audit from 'cachette/audit'
import * as dashboard from 'cachette/dashboard'
import * as lock from 'cachette/lock'
import * as loggers from 'cachette/loggers'
import * as memoize from 'cachette/memoize'
import * as memory from 'cachette/memory'
import * as otel from 'cachette/otel'
import * as prometheus from 'cachette/prometheus'
import * as ratelimit from 'cachette/ratelimit'
import * as redis from 'cachette/redis'
import * as scope from 'cachette/scope'
import * as sentry from 'cachette/sentry'
import * as serialization from 'cachette/serialization'
import * as testing from 'cachette/testing'

/** The entry points as package.json names them. */
export const ENTRY_POINTS: Readonly<Record<string, object>> = {
  '.': cachette,
  './analysis': analysis,
  './audit': audit,
  './dashboard': dashboard,
  './lock': lock,
  './loggers': loggers,
  './memoize': memoize,
  './memory': memory,
  './otel': otel,
  './prometheus': prometheus,
  './ratelimit': ratelimit,
  './redis': redis,
  './scope': scope,
  './sentry': sentry,
  './serialization': serialization,
  './testing': testing,
}

type AnyFunction = (...args: never[]) => unknown

/**
 * Returns every function that a user can call: exported ones, constructors, static and own methods of classes, and
 * members of exported objects. Something exported twice, or inherited, is there once.
 */
export function publicFunctions(): ReadonlyMap<string, AnyFunction> {
  const named = new Map<string, AnyFunction>()
  const seen = new Set<unknown>([Object, Object.prototype, Function.prototype, Error, Error.prototype])
  const add = (name: string, value: unknown): void => {
    if (seen.has(value)) return
    seen.add(value)
    if (typeof value === 'function') {
      const isClass = value.toString().startsWith('class')
      named.set(isClass ? `new ${name}` : name, value as AnyFunction)
      if (isClass) {
        for (const [member, of] of membersOf(value)) add(`${name}.${member}`, of)
        addPrototype(value as AnyFunction)
        return
      }
    }
    if ((typeof value === 'object' && value !== null) || typeof value === 'function')
      for (const [member, of] of membersOf(value)) if (typeof of === 'function') add(`${name}.${member}`, of)
  }
  const addPrototype = (type: AnyFunction): void => {
    for (
      let prototype = type.prototype as object | null;
      prototype !== null && !seen.has(prototype);
      prototype = Object.getPrototypeOf(prototype) as object | null
    ) {
      seen.add(prototype)
      const { name } = prototype.constructor
      for (const [member, of] of membersOf(prototype))
        if (typeof of === 'function') add(`${name}.${member}`, of)
    }
  }
  for (const exported of Object.values(ENTRY_POINTS))
    for (const [name, value] of Object.entries(exported)) add(name, value)
  return named
}

function membersOf(value: object): readonly (readonly [string, unknown])[] {
  return Object.entries(Object.getOwnPropertyDescriptors(value))
    .filter(([name]) => name !== 'constructor' && name !== 'prototype')
    .map(([name, { value: member }]) => [name, member as unknown] as const)
}
