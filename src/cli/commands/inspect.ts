import type { Command } from 'commander'
import type { TierExplanation } from '../../core/explanation.ts'
import { EXIT } from '../failure.ts'
import type { Host } from '../host.ts'
import { bytesText, spanText } from '../output.ts'
import { runAll, type ServerOptions } from '../server.ts'

const MEANING: Readonly<Record<TierExplanation['state'], string>> = {
  fresh: 'fresh: a read gets it',
  stale: 'stale: a read gets it only if it accepts stale values',
  absent: 'absent: there is no entry',
  invalidated: 'invalidated: a tag or namespace of it was invalidated since',
  unsynced: 'not served: an invalidation may have been missed',
  skipped: 'not asked',
  queued: 'an invalidation of it waits for the server',
  unavailable: 'no answer',
}

/** Adds `cachette inspect KEY`. */
export function addInspect(program: Command, host: Host): void {
  const command = host
    .addToServer(
      program,
      'inspect',
      'Tells all that is known of the entry of a key. Exits with 1 if there is none.',
      'npx cachette inspect user:7',
    )
    .argument('<key>', 'the key, with its namespaces and without the prefix')
  host.serve<ServerOptions, [string]>(command, async (server, output, _options, key) => {
    const name = server.names.value(key)
    const [type, pttl, bytes] = await runAll(server.client.connectionFor(name), [
      ['TYPE', name],
      ['PTTL', name],
      ['MEMORY', 'USAGE', name],
    ])
    const cache = await server.cache()
    const { tiers } = await cache.explain(key, { stale: true })
    const tier = tiers.find((one) => one.tier === 'l2')
    // Only a read finds out whether this process can read the value.
    const { status } = await cache.get(key, { result: 'full', stale: true })
    const isReadable = status !== 'miss' || tier?.state !== 'fresh'
    const facts = {
      key,
      name,
      type: String(type),
      state: isReadable ? (tier?.state ?? 'absent') : 'unreadable',
      freshFor: tier?.ttl,
      removedIn: typeof pttl === 'number' && pttl >= 0 ? pttl / 1000 : type === 'none' ? undefined : Infinity,
      bytes: typeof bytes === 'number' ? bytes : undefined,
      tags: tier?.tags ?? [],
    }
    if (output.isJson) output.json(facts)
    else
      output.table(
        ['fact', 'value'],
        [
          ['key', key],
          ['name on the server', name],
          ['type', facts.type],
          ['state', isReadable ? MEANING[tier?.state ?? 'absent'] : `unreadable: ${UNREADABLE}`],
          ['fresh for', spanText(facts.freshFor)],
          ['removed in', spanText(facts.removedIn)],
          ['size', bytesText(facts.bytes)],
          ...facts.tags.map(({ tag, state }) => ['tag', state === 'unknown' ? tag : `${tag} (${state})`]),
        ].filter(([, value]) => value !== ''),
      )
    return type === 'none' ? EXIT.negative : EXIT.done
  })
}

const UNREADABLE =
  'written by another serializer or class registry, encrypted, damaged, or no entry of a cache'
