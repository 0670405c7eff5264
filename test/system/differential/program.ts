// Random programs: calls of two callers, awaited and not.
import type { SeededRandom } from '../../../src/testing/random.ts'
import { randomCall } from './calls.ts'
import { pick } from './pieces.ts'
import { SCOPES, type Call, type ScopeName, type Step } from './step.ts'
import { told, toldTime } from './told.ts'

const LENGTH = 44
const KEYS = ['a', 'b', 'c', 'n']

/** A program on two scopes, which ends with a look at all that is left. */
export function randomProgram(random: SeededRandom): readonly Step[] {
  const scopes = [pick(random, SCOPES), pick(random, SCOPES)]
  const steps = Array.from({ length: LENGTH }, (_, index): Step => ({
    ...randomCall(random, scopes),
    index,
    caller: random.chance(0.5) ? 0 : 1,
    isAwaited: random.chance(0.6),
    pace: pick(random, ['sync', 'async', 'gated', 'gated'] as const),
    opens: random.chance(0.25),
    drops: random.chance(0.06),
  }))
  const looks = [...new Set(scopes)].flatMap((scope) => [...KEYS.map((key) => ttlOf(scope, key)), all(scope)])
  const end = looks.map((call, at): Step => ({
    ...call,
    index: LENGTH + at,
    caller: 0,
    isAwaited: true,
    pace: 'sync',
    opens: false,
    drops: false,
  }))
  return [...steps, ...end]
}

const LOOK = { kind: 'alone', isWide: false, isAfter: false, isPrefix: false } as const

function ttlOf(scope: ScopeName, key: string): Call {
  return {
    ...LOOK,
    method: 'ttl',
    scope,
    text: `${scope}.ttl("${key}")`,
    keys: [],
    run: async ({ scopes }) => toldTime(await scopes[scope].ttl(key)),
  }
}

function all(scope: ScopeName): Call {
  return {
    ...LOOK,
    method: 'getMany',
    scope,
    text: `${scope}.getMany(all, { stale: true })`,
    keys: [],
    run: async ({ scopes }) => told(await scopes[scope].getMany(KEYS, { stale: true })),
  }
}
