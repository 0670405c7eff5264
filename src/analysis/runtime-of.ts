import { scopeOf } from '../cache/base-cache.ts'
import type { Runtime } from '../cache/runtime.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'

/** Returns the runtime of a cache or namespace. @throws OptionsError for anything else. */
export function runtimeOf(cache: unknown, where: string): Runtime {
  const scope = typeof cache === 'object' && cache !== null ? scopeOf(cache) : undefined
  if (scope === undefined) throw new OptionsError(`${where}: ${inspect(cache)} is not a cache`)
  return scope.runtime
}

/** Refuses anything but a share: a number above 0, and below 1 or, if `all` is allowed, 1. @throws OptionsError */
export function checkShare(value: unknown, option: string, all: 'all' | 'part'): asserts value is number {
  const isGood = typeof value === 'number' && value > 0 && (all === 'all' ? value <= 1 : value < 1)
  const most = all === 'all' ? 'up to 1' : 'below 1'
  if (!isGood) throw new OptionsError(`${option}: ${inspect(value)} is not a number above 0 and ${most}`)
}
