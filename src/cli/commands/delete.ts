import type { Command } from 'commander'
import { EXIT, notAcknowledged } from '../failure.ts'
import type { Host } from '../host.ts'
import type { Server, ServerOptions } from '../server.ts'

/** Adds `cachette delete KEY...`. */
export function addDelete(program: Command, host: Host): void {
  const command = host
    .addToServer(
      program,
      'delete',
      'Deletes keys everywhere, from the memory of all processes too. Exits with 1 if none existed.',
      'npx cachette delete user:7 user:8 --dry-run',
    )
    .argument('<keys...>', 'the keys, with their namespaces and without the prefix')
    .option('--dry-run', 'tells which of them exist, and deletes nothing')
  host.serve<ServerOptions & { readonly dryRun?: boolean }, [readonly string[]]>(
    command,
    async (server, output, options, given) => {
      const keys = [...new Set(given)]
      const present = await presentOf(server, keys)
      if (options.dryRun === true) {
        if (output.isJson) output.json({ dryRun: true, keys: present })
        else for (const key of present) output.line(`would delete ${key}`)
        return present.length > 0 ? EXIT.done : EXIT.negative
      }
      const cache = await server.cache()
      const { l2 } = await cache.invalidate(keys)
      if (l2 !== 'acked') throw notAcknowledged()
      if (output.isJson) output.json({ keys: present })
      else output.line(`deleted ${present.length} of ${keys.length}`)
      return present.length > 0 ? EXIT.done : EXIT.negative
    },
  )
}

async function presentOf({ client, names }: Server, keys: readonly string[]): Promise<readonly string[]> {
  const found: string[] = []
  for (const key of keys) {
    const name = names.value(key)
    if ((await client.connectionFor(name).run({ args: ['EXISTS', name] }, 'text')) === 1) found.push(key)
  }
  return found
}
