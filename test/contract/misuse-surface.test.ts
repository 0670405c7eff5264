import { describe, expect, it } from 'vitest'
import { MemoryCache, silentLogger } from 'cachette'
import { CACHE_CALLS } from './misuse/cache-calls.ts'
import { OTHER_CALLS } from './misuse/other-calls.ts'
import { serverCalls } from './misuse/server-calls.ts'
import { ENTRY_POINTS, publicFunctions } from './misuse/surface.ts'
import { readEntryPoints } from '../../tools/entry-points.ts'

/** Functions whose arguments are not a user's to get wrong, with the reason. */
const LEFT_OUT: Readonly<Record<string, RegExp>> = {
  'made by the library': /^new \w+Error$/,
  'called by the library, with what it has itself':
    /^(?:consoleLogger|silentLogger)\.|^FakeClock\.(?:set|clear)$|^Chaos\.(?:call|deliver)$|^TypeRegistry\.(?:ofPrototype|named)$/,
  'not in the published declarations':
    /^BoundedMap\.(?:put|listen|sweep|replace|touch|remainingMs|held|inside)$|^WireFormat\.(?:encode|write|read|decode)$/,
}

const called = new Set(
  [...Object.keys(CACHE_CALLS), ...Object.keys(OTHER_CALLS), ...Object.keys(serverCalls({} as never))].map(
    (name) => name.split(':')[0]!,
  ),
)

describe('the calls with wrong arguments', () => {
  it('know every entry point', () => {
    // Adapters are called by the packages that they adapt to.
    const own = readEntryPoints(process.cwd()).filter(({ isIntegration }) => !isIntegration)
    const paths = own.map(({ specifier }) => specifier.replace('cachette', '.'))
    expect(Object.keys(ENTRY_POINTS).toSorted()).toEqual(paths.toSorted())
  })

  it('are there for every public function with arguments', () => {
    const left = Object.values(LEFT_OUT)
    const missing = [...publicFunctions()]
      .filter(([name, { length }]) => !called.has(name) && !(length === 0 && !name.startsWith('new ')))
      .map(([name]) => name)
      .filter((name) => !left.some((pattern) => pattern.test(name)))
    // It takes none.
    expect(missing).toEqual(['new TypeRegistry'])
  })

  it('are there for the members of what a call hands out', async () => {
    const cache = new MemoryCache({ logger: silentLogger })
    const wrapped = cache.wrap(async (n: number) => n, { name: 'n' })
    const members = Object.keys(wrapped).map((name) => `Wrapped.${name}`)
    await cache.getOrSet('k', (context) => {
      for (let at: object = context; at !== Object.prototype; at = Object.getPrototypeOf(at) as object)
        for (const name of Object.getOwnPropertyNames(at))
          if (/^set[A-Z]/.test(name)) members.push(`LoadContext.${name}`)
      return 1
    })
    expect(members.length).toBeGreaterThan(7)
    expect(members.filter((name) => !called.has(name))).toEqual([])
  })
})
