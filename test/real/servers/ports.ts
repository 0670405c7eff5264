import { createServer } from 'node:net'

// Ports for outgoing connections begin at 32768, so below that no other process takes one between the look and the
// start.
const lowest = 12_000
const highest = 32_000
const taken = new Set<number>()

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}

/** Returns a free port. If another test process takes it first, the start of a server is tried again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest))
    if (taken.has(port)) continue
    taken.add(port)
    if (await isFree(port)) return port
  }
}
