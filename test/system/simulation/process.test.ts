import { describe, expect, test } from 'vitest'
import { EventLoop } from '../../../simulator/machine/event-loop.ts'
import { Process } from '../../../simulator/world/process.ts'

describe('a stopped process', () => {
  test('does nothing, and everything at once when it goes on: what is due before what has arrived', async () => {
    const loop = new EventLoop()
    const process = new Process(loop)
    const done: string[] = []
    const note = (what: string) => () => void done.push(`${what} at ${loop.now()}`)
    process.set(note('early'), 5)
    process.set(note('due'), 20)
    const cleared = process.set(note('cleared while it waits'), 15)
    process.set(note('late'), 200)
    await loop.runUntil(10)
    process.stop()
    process.receive(note('arrival'))
    await loop.runUntil(100)
    expect(done).toEqual(['early at 5'])
    process.clear(cleared)
    process.go()
    await loop.runUntil(300)
    expect(done).toEqual(['early at 5', 'due at 100', 'arrival at 100', 'late at 200'])
    expect(process.stoppedMs).toBe(90)
  })

  test('counts the time for which it has been stopped so far, and lets nobody go on before it does', async () => {
    const loop = new EventLoop()
    const process = new Process(loop)
    process.stop()
    process.stop()
    let isRunning = false
    void process.running().then(() => {
      isRunning = true
    })
    await loop.runUntil(40)
    expect([process.isStopped, process.stoppedMs, isRunning]).toEqual([true, 40, false])
    process.go()
    await loop.runUntil(50)
    expect([process.isStopped, process.stoppedMs, isRunning]).toEqual([false, 40, true])
  })
})
