import { describe, expect, it } from 'vitest'
import { CallOrder } from '../../src/coherence/call-order.ts'
import { systemTimers } from '../../src/core/system.ts'

const TARGETS = [{ key: 'k' }]

function callOrder(isOrdered: boolean): CallOrder {
  return new CallOrder({ timers: systemTimers, deadlineMs: 60_000, isOrdered })
}

function givenUp(error: Error): never {
  throw error
}

describe('calls whose answers may come in any order', () => {
  it('sends steps of a counter without waiting for each other', async () => {
    const order = callOrder(false)
    const sent: string[] = []
    const answers: (() => void)[] = []
    const call = (name: string, together?: 'steps'): Promise<void> =>
      order.change(
        TARGETS,
        () => {
          sent.push(name)
          return new Promise<void>((resolve) => {
            answers.push(resolve)
          })
        },
        givenUp,
        together,
      )
    const calls = [call('step 1', 'steps'), call('step 2', 'steps'), call('change'), call('step 3', 'steps')]
    expect(sent).toEqual(['step 1', 'step 2'])
    answers[0]!()
    await calls[0]
    expect(sent).toEqual(['step 1', 'step 2'])
    answers[1]!()
    await calls[1]
    await expect.poll(() => sent).toEqual(['step 1', 'step 2', 'change'])
    answers[2]!()
    await calls[2]
    await expect.poll(() => sent).toEqual(['step 1', 'step 2', 'change', 'step 3'])
    answers[3]!()
    await Promise.all(calls)
    await expect.poll(() => order.isIdle).toBe(true)
  })
})
