import { inspect } from 'node:util'
import type { Command } from 'commander'
import { EXIT } from '../failure.ts'
import type { Host } from '../host.ts'
import { plainOf } from '../plain.ts'
import type { ServerOptions } from '../server.ts'

/** Adds `cachette get KEY`. */
export function addGet(program: Command, host: Host): void {
  const command = host
    .addToServer(
      program,
      'get',
      'Prints the value of a key. Exits with 1 if there is none.',
      'npx cachette get user:7 --json',
    )
    .argument('<key>', 'the key, with its namespaces and without the prefix')
    .option('--stale', 'accepts a stale value')
  host.serve<ServerOptions & { readonly stale?: boolean }, [string]>(
    command,
    async (server, output, options, key) => {
      const cache = await server.cache()
      const { value, status, remainingMs } = await cache.get(key, {
        result: 'full',
        stale: options.stale === true,
      })
      if (status === 'miss') {
        const { unreadable } = cache.stats()
        if (unreadable > 0) output.note(`The entry of ${key} can't be read: see cachette inspect.`)
        else output.note(`There is no fresh value of ${key}.`)
        if (output.isJson) output.json({ key, status })
        return EXIT.negative
      }
      if (output.isJson) output.json({ key, status, ttl: (remainingMs ?? 0) / 1000, value: plainOf(value) })
      else if (typeof value === 'string') output.line(value)
      else output.line(inspect(value, { depth: null, colors: output.isTerminal, maxArrayLength: null }))
      return EXIT.done
    },
  )
}
