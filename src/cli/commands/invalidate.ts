import type { Command } from 'commander'
import { EXIT, Failure, notAcknowledged, type ExitCode } from '../failure.ts'
import { collect, type Host } from '../host.ts'
import type { Output } from '../output.ts'
import { items } from '../scan.ts'
import type { Server, ServerOptions } from '../server.ts'

interface InvalidateOptions extends ServerOptions {
  readonly tag?: readonly string[] | undefined
  readonly prefixOfKeys?: string | undefined
  readonly namespace?: string | undefined
  readonly all?: boolean | undefined
  readonly soft?: boolean | undefined
  readonly dryRun?: boolean | undefined
  readonly yes?: boolean | undefined
}

/** Adds `cachette invalidate`. */
export function addInvalidate(program: Command, host: Host): void {
  const command = host
    .addToServer(
      program,
      'invalidate',
      'Invalidates a tag, a namespace, or all keys that begin with a text, in all processes.',
      'npx cachette invalidate --tag team:3 --dry-run',
    )
    .option('-t, --tag <tag>', 'the tag; may be given several times', collect)
    .option('-k, --prefix-of-keys <text>', 'literal beginning of the keys')
    .option('-n, --namespace <name>', 'the namespace, nested ones as a:b')
    .option('-a, --all', 'all keys under the prefix')
    .option('--soft', 'entries with grace become stale instead (only with --tag)')
    .option('--dry-run', 'counts the entries, and changes nothing')
    .option('-y, --yes', 'does not ask; needed without a terminal')
  host.serve<InvalidateOptions, []>(
    command,
    async (server, output, options) => {
      if (options.dryRun === true) return countOnly(server, output, options)
      await confirm(host, options, server)
      await carryOut(server, output, options)
      return EXIT.done
    },
    (options) => {
      targetOf(options)
      if (options.dryRun === true || options.yes === true || host.surroundings.confirm !== undefined) return
      throw new Failure(EXIT.usage, 'without a terminal to ask on, --yes is needed')
    },
  )
}

/** Returns the target in words. @throws Failure unless there is exactly one. */
function targetOf({ tag, prefixOfKeys, namespace, all, soft }: InvalidateOptions): string {
  const targets = [
    ...(tag === undefined ? [] : [`the tag ${tag.join(', ')}`]),
    ...(prefixOfKeys === undefined ? [] : [`all keys that begin with ${prefixOfKeys}`]),
    ...(namespace === undefined ? [] : [`the namespace ${namespace}`]),
    ...(all === true ? ['all keys'] : []),
  ]
  const [target] = targets
  if (target === undefined || targets.length > 1)
    throw new Failure(
      EXIT.usage,
      'one of --tag, --prefix-of-keys, --namespace and --all is needed, and only one of them',
    )
  if (prefixOfKeys === '') throw new Failure(EXIT.usage, '--prefix-of-keys must not be empty; use --all')
  if (namespace?.split(':').includes('') === true)
    throw new Failure(EXIT.usage, '--namespace must be a name, or several as a:b')
  if (soft === true && tag === undefined) throw new Failure(EXIT.usage, '--soft is possible with --tag only')
  return target
}

async function confirm(host: Host, options: InvalidateOptions, { place, prefix }: Server): Promise<void> {
  if (options.yes === true) return
  const question = `Invalidate ${targetOf(options)} under ${prefix} on ${place}?`
  if ((await host.surroundings.confirm?.(question)) !== true)
    throw new Failure(EXIT.negative, 'nothing was changed')
}

async function carryOut(server: Server, output: Output, options: InvalidateOptions): Promise<void> {
  const cache = await server.cache()
  const { tag, prefixOfKeys, namespace, soft } = options
  if (tag !== undefined) {
    const { l2 } = await cache.invalidateTag(tag, { keepStale: soft === true })
    if (l2 !== 'acked') throw notAcknowledged()
    if (output.isJson) output.json({ tags: tag })
    else output.line(`invalidated ${tag.join(', ')}`)
    return
  }
  if (namespace !== undefined) {
    const part = namespace.split(':').reduce((of, name) => of.namespace(name), cache)
    if (!(await part.clear())) throw notAcknowledged()
    if (output.isJson) output.json({ namespace })
    else output.line(`cleared the namespace ${namespace}`)
    return
  }
  const removed = prefixOfKeys === undefined ? undefined : await cache.deleteByPrefix(prefixOfKeys)
  if (prefixOfKeys === undefined ? !(await cache.clear()) : removed === undefined) throw notAcknowledged()
  if (output.isJson) output.json(removed === undefined ? { all: true } : { removed })
  else
    output.line(
      removed === undefined ? 'removed all keys' : `removed ${removed} ${removed === 1 ? 'key' : 'keys'}`,
    )
}

async function countOnly(
  server: Server,
  output: Output,
  { tag, prefixOfKeys, namespace }: InvalidateOptions,
): Promise<ExitCode> {
  const beginning = prefixOfKeys ?? (namespace === undefined ? '' : `${namespace}:`)
  const cache = await server.cache()
  let entries = 0
  for await (const { key } of items(server, beginning)) {
    if (tag !== undefined && !(await bearsOne(cache, key, tag))) continue
    entries++
    if (entries % 1000 === 0) output.progress(`${entries} entries`)
  }
  output.progress('')
  if (output.isJson) output.json({ dryRun: true, entries })
  else output.line(`would invalidate ${entries} ${entries === 1 ? 'entry' : 'entries'}`)
  return entries > 0 ? EXIT.done : EXIT.negative
}

async function bearsOne(
  cache: Awaited<ReturnType<Server['cache']>>,
  key: string,
  tags: readonly string[],
): Promise<boolean> {
  const { tiers } = await cache.explain(key, { stale: true })
  return tiers.some(
    (tier) =>
      (tier.state === 'fresh' || tier.state === 'stale') && tier.tags?.some(({ tag }) => tags.includes(tag)),
  )
}
