import { describe, expect, it } from 'vitest'
import { Breaker } from '../../../src/redis/connection/guard/breaker.ts'
import { Deadlines, Timed } from '../../../src/redis/connection/guard/deadlines.ts'
import { FakeClock } from '../../../src/testing/fake-clock.ts'

class Wait extends Timed {
  readonly #name: string
  readonly #expired: string[]

  constructor(name: string, expired: string[]) {
    super()
    this.#name = name
    this.#expired = expired
  }

  expire(): void {
    this.#expired.push(this.#name)
  }
}

function setUp(): { clock: FakeClock; deadlines: Deadlines; expired: string[]; add: (name: string) => Wait } {
  const clock = new FakeClock()
  const deadlines = new Deadlines(500, clock, clock)
  const expired: string[] = []
  const add = (name: string): Wait => {
    const wait = new Wait(name, expired)
    deadlines.add(wait)
    return wait
  }
  return { clock, deadlines, expired, add }
}

describe('Deadlines', () => {
  it('expires what is still there, in its order, with one timer', async () => {
    const { clock, expired, add } = setUp()
    add('a')
    await clock.advance('100ms')
    add('b')
    expect(clock.pending).toBe(1)

    await clock.advance('405ms')
    expect(expired).toEqual(['a'])
    await clock.advance('100ms')
    expect(expired).toEqual(['a', 'b'])
    expect(clock.pending).toBe(0)
  })

  it('expires what has less time left before what was there first', async () => {
    const { clock, deadlines, expired, add } = setUp()
    add('a')
    deadlines.add(new Wait('none left', expired), -100)
    deadlines.add(new Wait('half', expired), 250)
    deadlines.add(new Wait('more than there is', expired), 900)
    expect(clock.pending).toBe(1)

    await clock.advance('25ms')
    expect(expired).toEqual(['none left'])
    await clock.advance('230ms')
    expect(expired).toEqual(['none left', 'half'])
    await clock.advance('250ms')
    expect(expired).toEqual(['none left', 'half', 'a', 'more than there is'])
  })

  it('does not count the time in which the process was busy', async () => {
    const clock = new FakeClock()
    let blockedMs = 0
    const running = { now: () => clock.now() + blockedMs, wallNow: () => clock.wallNow() }
    const deadlines = new Deadlines(500, running, clock)
    const expired: string[] = []
    deadlines.add(new Wait('a', expired))

    blockedMs = 700
    await clock.advance('480ms')
    expect(expired).toEqual([])
    await clock.advance('40ms')
    expect(expired).toEqual(['a'])
  })

  it('counts a wait before the beginning', async () => {
    const { clock, deadlines } = setUp()
    const left = deadlines.leftAfter(new Promise((resolve) => clock.set(resolve, 200)))
    await clock.advance('200ms')
    expect(await left).toBe(300)
  })

  it('forgets what ended, wherever it was', async () => {
    const { clock, deadlines, expired, add } = setUp()
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(add)

    deadlines.remove(b!)
    deadlines.remove(a!)
    deadlines.remove(d!)
    deadlines.remove(d!)
    expect([...deadlines]).toEqual([c])

    await clock.advance('1s')
    expect(expired).toEqual(['c'])
  })

  it('looks once more at what is overdue, since the answer may be there unread', async () => {
    const { clock, deadlines, expired, add } = setUp()
    const late = add('late')
    clock.set(() => deadlines.remove(late), 500)

    await clock.advance('1s')

    expect(expired).toEqual([])
  })

  it('lets some take longer, again and again, and no others', async () => {
    const { clock, deadlines, expired, add } = setUp()
    const longer = [1000, 200]
    class Large extends Wait {
      override longerMs(): number {
        return longer.shift() ?? 0
      }
    }
    const large = new Large('large', expired)
    const ended = new Large('ended', expired)
    deadlines.add(large)
    await clock.advance('600ms')
    add('small')
    expect([...deadlines]).toHaveLength(2)

    await clock.advance('502ms')
    expect(expired).toEqual(['small'])
    await clock.advance('590ms')
    expect(expired).toEqual(['small'])
    await clock.advance('50ms')
    expect(expired).toEqual(['small', 'large'])
    expect(clock.pending).toBe(0)

    longer.push(1000)
    deadlines.add(ended)
    await clock.advance('600ms')
    deadlines.remove(ended)
    await clock.advance('2s')
    expect(expired).toEqual(['small', 'large'])
    expect(clock.pending).toBe(0)
  })

  it('leaves no timer when it is closed', () => {
    const { clock, deadlines, add } = setUp()
    add('a')
    deadlines.close()

    expect(clock.pending).toBe(0)
  })
})

describe('Breaker', () => {
  function breaker(answers: boolean[]): { clock: FakeClock; breaker: Breaker; events: string[] } {
    const clock = new FakeClock()
    const events: string[] = []
    const made = new Breaker({}, clock, () => 1, {
      probe: async () => {
        events.push(`probe at ${clock.now()}`)
        if (answers.shift() === false) throw new Error('silence')
      },
      onTransition: (to) => events.push(to),
    })
    return { clock, breaker: made, events }
  }

  it('opens after five failures in a row', () => {
    const { breaker: one } = breaker([])
    for (let count = 0; count < 4; count++) one.failed()
    one.succeeded()
    for (let count = 0; count < 4; count++) one.failed()
    expect(one.isOpen).toBe(false)

    one.failed()
    expect(one.isOpen).toBe(true)
  })

  it('probes after a second, then ever later up to ten, and closes when it is answered', async () => {
    const { clock, breaker: one, events } = breaker([false, false, false, false, false, true])
    for (let count = 0; count < 6; count++) one.failed()

    await clock.advance('1m')

    expect(events).toEqual([
      'open',
      'probe at 1000',
      'probe at 3000',
      'probe at 7000',
      'probe at 15000',
      'probe at 25000',
      'probe at 35000',
      'closed',
    ])
    expect(one.isOpen).toBe(false)
    expect(clock.pending).toBe(0)
  })

  it('forgets everything when it is reset', async () => {
    const { clock, breaker: one, events } = breaker([])
    for (let count = 0; count < 5; count++) one.failed()
    one.reset()

    await clock.advance('1m')

    expect(one.isOpen).toBe(false)
    expect(events).toEqual(['open'])
  })
})
