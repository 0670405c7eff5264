import { Option, type Command } from 'commander'
import { count, type Host } from '../host.ts'
import { bytesText, spanText } from '../output.ts'
import { items, noKeys, type Item } from '../scan.ts'
import type { ServerOptions } from '../server.ts'

interface KeysOptions extends ServerOptions {
  readonly limit: number
  readonly sort?: 'key' | 'ttl' | 'size' | undefined
}

/** The most keys that are sorted. */
const SORTED = 1_000_000

const ORDERS: Readonly<Record<'key' | 'ttl' | 'size', (a: Item, b: Item) => number>> = {
  key: (a, b) => (a.key < b.key ? -1 : 1),
  ttl: (a, b) => a.ttl - b.ttl,
  size: (a, b) => (b.bytes ?? 0) - (a.bytes ?? 0),
}

/** Adds `cachette keys [PREFIX]`. */
export function addKeys(program: Command, host: Host): void {
  const command = host
    .addToServer(
      program,
      'keys',
      'Lists keys with the time until they are removed and their size.',
      'npx cachette keys user: --sort size --limit 20',
    )
    .argument('[beginning]', 'literal beginning of the keys', '')
    .option('-n, --limit <number>', 'the most keys to list', count, 100)
    .addOption(
      new Option('-s, --sort <order>', 'order; looks at all keys first').choices(['key', 'ttl', 'size']),
    )
  host.serve<KeysOptions, [string]>(command, async (server, output, options, beginning) => {
    const list: Item[] = []
    const most = options.sort === undefined ? options.limit + 1 : SORTED
    for await (const item of items(server, beginning)) {
      list.push(item)
      if (list.length % 10_000 === 0) output.progress(`${list.length} keys`)
      if (list.length >= most) break
    }
    output.progress('')
    if (options.sort !== undefined) list.sort(ORDERS[options.sort])
    const shown = list.slice(0, options.limit)
    if (output.isJson) for (const { key, ttl, bytes } of shown) output.json({ key, ttl, bytes })
    else
      output.table(
        ['key', 'removed in', 'size'],
        shown.map(({ key, ttl, bytes }) => [key, spanText(ttl), bytesText(bytes)]),
        [1, 2],
      )
    if (list.length > shown.length) output.note('There are more keys; --limit lists more of them.')
    if (list.length === 0) output.note(noKeys(server, beginning))
  })
}
