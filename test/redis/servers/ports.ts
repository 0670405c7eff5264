import { createServer } from 'node:net'

// Below what the system hands out to outgoing connections (32768 and up): nobody takes one between our look and the start.
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

/** A port nobody listens on. Another test process may still be quicker: who starts a server then tries again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest))
    if (taken.has(port)) continue
    taken.add(port)
    if (await isFree(port)) return port
  }
}
