import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { isAnswer, maskOf, normalize } from '../../../src/redis/connection/guard/refusals.ts'

const mask = maskOf(['secret'])

describe('isAnswer', () => {
  it('takes an error that begins with a code for an answer, from any realm', () => {
    expect(isAnswer(new Error('LOADING Redis is loading'))).toBe(true)
    expect(isAnswer(runInNewContext(`new Error('OOM command not allowed')`))).toBe(true)
  })

  it.each([
    ['a socket that failed', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })],
    ['a local failure', new Error('Connection is closed.')],
    ['a local time-out', new Error('Command timed out')],
    ['a command that was aborted', Object.assign(namedError('Command aborted due to ...'), { command: {} })],
    ['something else', 'text'],
    ['nothing', undefined],
  ])('takes %s for silence', (_, error) => {
    expect(isAnswer(error)).toBe(false)
  })
})

describe('normalize', () => {
  it('says why a cluster and several addresses could not be reached', () => {
    const inner = new Error("Hostname/IP does not match certificate's altnames")
    const failed = Object.assign(new Error('Failed to refresh slots cache.'), { lastNodeError: inner })
    expect(normalize(failed, mask).message).toContain("does not match certificate's altnames")
    expect(normalize(new AggregateError([inner]), mask).message).toBe(inner.message)
  })

  it('reads the reason whatever realm the error comes from', () => {
    const error: unknown = runInNewContext(`new Error('NOAUTH Authentication required.')`)
    expect(normalize(error, mask)).toMatchObject({
      reason: 'denied',
      message: 'NOAUTH Authentication required.',
    })
  })

  it('shows neither secrets nor arguments', () => {
    const error = new Error("ERR unknown command 'X', with args beginning with: 'key' 'value'")
    expect(normalize(error, mask).message).toBe("ERR unknown command 'X'")
    expect(normalize(new Error('ERR secret redis://u:p@host'), mask).message).toBe('ERR *** redis://***@host')
  })
})

function namedError(message: string): Error {
  return Object.assign(new Error(message), { name: 'AbortError' })
}
