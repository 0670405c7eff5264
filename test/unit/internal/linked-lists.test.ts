import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LinkedLists } from '../../../src/internal/linked-lists.ts'

function members(lists: LinkedLists, list: number): number[] {
  const found: number[] = []
  for (let member = lists.first(list); member !== list; member = lists.after(member)) found.push(member)
  return found
}

describe('LinkedLists', () => {
  test('agree with arrays', () => {
    const command = fc.record({
      list: fc.integer({ min: 0, max: 2 }),
      member: fc.integer({ min: 3, max: 20 }),
    })
    fc.assert(
      fc.property(fc.array(command, { maxLength: 100 }), (commands) => {
        const lists = new LinkedLists(3, 21)
        const model: number[][] = [[], [], []]
        for (const { list, member } of commands) {
          const old = model.find((members) => members.includes(member))
          if (old) {
            lists.remove(member)
            old.splice(old.indexOf(member), 1)
          } else {
            lists.append(list, member)
            model[list]!.push(member)
          }
          for (let i = 0; i < 3; i++) expect(members(lists, i)).toEqual(model[i])
        }
        lists.grow(40)
        for (let i = 0; i < 3; i++) expect(members(lists, i)).toEqual(model[i])
        lists.clear()
        for (let i = 0; i < 3; i++) expect(members(lists, i)).toEqual([])
      }),
    )
  })
})
