// Runs in the other process: see peer.ts. An unhandled rejection or error event ends it, as it would end a service.
import { listen } from './peer-side.ts'

const functions = (await import(process.argv[2]!)) as Record<string, (...args: readonly unknown[]) => unknown>

listen(async (name, args) => {
  const called = functions[name]
  if (called === undefined) throw new Error(`The module exports no ${name}.`)
  return called(...args)
})
