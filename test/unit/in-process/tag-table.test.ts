import { describe, expect, it } from 'vitest'
import { TagTable } from '../../../src/in-process/tag-table.ts'
import { belongs, namespaceTags } from '../../../src/keys/tags.ts'

describe('the tag table', () => {
  it('judges an entry by the moment at which its load began', () => {
    const table = new TagTable()
    const before = table.labels(['a', 'b'])!
    const { count } = table
    table.invalidate(['b', 'c'])

    expect(table.freshUntilMs(before)).toBe(-Infinity)
    expect(table.freshUntilMs(table.labels(['a'], count)!)).toBe(Infinity)
    expect(table.freshUntilMs(table.labels(['b'], count)!)).toBe(-Infinity)
    expect(table.freshUntilMs(table.labels(['b'])!)).toBe(Infinity)
  })

  it('gives no labels to what has no tags', () => {
    expect(new TagTable().labels([])).toBeUndefined()
    expect(new TagTable().labels(undefined)).toBeUndefined()
  })

  it('shows nothing wrongly when it forgets, and what began after the forgotten', () => {
    const table = new TagTable(() => 0, 2)
    const oldest = table.labels(['a'])!
    const untouched = table.labels(['z'])!
    table.invalidate(['a'])
    const between = table.labels(['z'])!
    table.invalidate(['b'])
    table.invalidate(['c'])

    expect(table.freshUntilMs(oldest)).toBe(-Infinity)
    expect(table.freshUntilMs(untouched)).toBe(-Infinity)
    expect(table.freshUntilMs(between)).toBe(Infinity)
  })

  it('keeps what was found visible when it forgets older invalidations', () => {
    const table = new TagTable(() => 0, 2)
    const labels = table.labels(['z'])!
    for (const tag of ['a', 'b', 'c', 'd']) {
      table.invalidate([tag])
      expect(table.freshUntilMs(labels)).toBe(Infinity)
    }
  })

  it('names the tags that were invalidated since a place', () => {
    const table = new TagTable()
    const { place } = table
    table.invalidate(['a', 'b'])
    table.endFreshness(['c'], 5)

    expect(table.changedSince(['a', 'c', 'd'], place)).toEqual(['a', 'c'])
    expect(table.changedSince(['a', 'c', 'd'], table.place)).toEqual([])
  })

  it('takes all tags for invalidated since a place that it does not know', () => {
    const table = new TagTable(() => 0, 2)
    const { place } = table
    for (const tag of ['a', 'b', 'c']) table.invalidate([tag])

    for (const unknown of [place, new TagTable(() => 0.5).place, '', 'junk', `${place}/1`])
      expect(table.changedSince(['z'], unknown)).toEqual(['z'])
  })

  it('tells what is stale from what is gone', () => {
    const table = new TagTable()
    const labels = table.labels(['a', 'b'])!
    table.endFreshness(['b'], 5)
    table.endFreshness(['b'], 7)
    table.invalidate(['c'])

    expect(table.freshUntilMs(labels)).toBe(5)
    expect(table.freshUntilMs(labels)).toBe(5)
    expect(table.freshUntilMs(table.labels(['b'])!)).toBe(Infinity)
    table.invalidate(['a'])
    expect(table.freshUntilMs(labels)).toBe(-Infinity)
  })

  it('dates what is stale from the first invalidation, or somewhat earlier, however many follow', () => {
    const table = new TagTable()
    const made = []
    for (let atMs = 60_000; atMs <= 600_000_000; atMs += 60_000) {
      made.push({ labels: table.labels(['a'])!, atMs })
      table.endFreshness(['a'], atMs)
    }
    const nowMs = 600_000_000
    let farthest = 0
    for (const { labels, atMs } of made) {
      const dated = table.freshUntilMs(labels)
      expect(dated).toBeLessThanOrEqual(atMs)
      if (atMs < nowMs) farthest = Math.max(farthest, (nowMs - dated) / (nowMs - atMs))
    }
    expect(farthest).toBeLessThan(3)
    expect(table.freshUntilMs(made.at(-1)!.labels)).toBe(nowMs)
    expect(table.freshUntilMs(made[0]!.labels)).toBe(60_000)
  })

  it('shows nothing that was judged by the table of another process', () => {
    let next = 0
    const random = (): number => (next += 0.1)
    const labels = new TagTable(random).labels(['a'])!

    expect(new TagTable(random).freshUntilMs(labels)).toBe(-Infinity)
  })
})

describe('the tags of a namespace', () => {
  it('are one for each level of the path', () => {
    expect(namespaceTags('a:b:v2:')).toEqual(['!ns:a:', '!ns:a:b:', '!ns:a:b:v2:'])
    expect(namespaceTags('')).toEqual([])
  })

  it('are what an entry must bear to belong there', () => {
    const wanted = ['!ns:a:', 'other']

    expect(belongs(['!ns:a:', '!ns:a:b:'], wanted)).toBe(true)
    expect(belongs(['other'], wanted)).toBe(false)
    expect(belongs(undefined, wanted)).toBe(false)
    expect(belongs(undefined, ['other'])).toBe(true)
    expect(belongs(undefined, undefined)).toBe(true)
  })
})
