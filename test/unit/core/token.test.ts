import { describe, expect, it } from 'vitest'
import { UNREACHED_TOKEN, mergeTokens, readToken, tokenOf } from '../../../src/core/token.ts'

const head = (counter: number, random = 'x') => ({ epoch: { ordinal: 1, random }, counter, stamp: 's' })

describe('a token', () => {
  it('says how far each log was, once for each', () => {
    const token = tokenOf([
      { partition: 'a/b,c', head: head(2) },
      { partition: 'a/b,c', head: head(5) },
      { partition: '!tags', head: head(1, 'y z') },
    ])

    expect(readToken(token)).toEqual([
      { partition: 'a/b,c', epoch: { ordinal: 1, random: 'x' }, counter: 5 },
      { partition: '!tags', epoch: { ordinal: 1, random: 'y z' }, counter: 1 },
    ])
  })

  it('is reached by nobody when a log was missing, merged or not', () => {
    const token = tokenOf([
      { partition: 'a', head: head(2) },
      { partition: 'b', head: undefined },
    ])

    expect(token).toBe(UNREACHED_TOKEN)
    expect(readToken(token)).toBeUndefined()
    expect(readToken(mergeTokens(tokenOf([{ partition: 'a', head: head(2) }]), token))).toBeUndefined()
  })

  it('merges with others to one that asks for all', () => {
    const one = tokenOf([{ partition: 'a', head: head(1) }])
    const other = tokenOf([{ partition: 'b', head: head(2) }])

    expect(readToken(mergeTokens(one, '', other, one))).toHaveLength(2)
    expect(mergeTokens()).toBe('')
    expect(readToken('')).toEqual([])
  })

  it.each(['junk', 'a/1/x', 'a/1/x/1/2', 'a/-1/x/1', 'a/1/x/1e9', '%/1/x/1', 'a/1/x/1,', ' '])(
    'is not read out of %o',
    (text) => {
      expect(readToken(text)).toBeUndefined()
    },
  )
})
