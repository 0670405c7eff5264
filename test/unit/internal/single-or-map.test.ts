import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SingleOrMap } from '../../../src/internal/single-or-map.ts'

it('is a map, whatever is done to it', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd')
  const step = fc.tuple(fc.constantFrom('set', 'delete', 'get'), key)
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const plain = new Map<string, object>()
      const lone = new SingleOrMap<string, object>()
      for (const [kind, at] of steps) {
        if (kind === 'delete') {
          plain.delete(at)
          lone.delete(at)
        } else if (kind === 'set') {
          const value = {}
          plain.set(at, value)
          lone.set(at, value)
        }
        expect(lone.get(at)).toBe(plain.get(at))
        expect(lone.size).toBe(plain.size)
        expect(lone.keys().toSorted()).toEqual([...plain.keys()].toSorted())
      }
    }),
    { numRuns: 2000 },
  )
})
