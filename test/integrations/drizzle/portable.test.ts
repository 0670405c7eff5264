import { describe, expect, it } from 'vitest'
import { portable } from '../../../src/integrations/drizzle/portable.ts'

class Result {
  readonly command = 'SELECT'
  readonly rows = [[1, 'a']]
  readonly parse = (): void => undefined
}

class RowList extends Array<unknown> {
  readonly columns = []
}

describe('portable', () => {
  it('keeps the rows of each driver', () => {
    const libsqlRow = Object.defineProperties(
      { id: 1, name: 'a' },
      {
        length: { value: 2 },
        0: { value: 1 },
        1: { value: 'a' },
      },
    )
    const column = new (class Column {
      readonly columnType = 3
    })()

    expect(portable(new Result())).toStrictEqual({ rows: [[1, 'a']] })
    expect(portable(RowList.from([[1], [2]]))).toStrictEqual([[1], [2]])
    expect(portable([libsqlRow])).toStrictEqual([[1, 'a']])
    expect(portable([[[1, 'a']], [column]])).toStrictEqual([[[1, 'a']]])
    expect(portable([[1], [2]])).toStrictEqual([[1], [2]])
    expect(portable([{ id: 1, length: 2 }])).toStrictEqual([{ id: 1, length: 2 }])
    expect(portable(5)).toBe(5)
  })
})
