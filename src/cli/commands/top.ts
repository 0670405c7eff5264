import { type Command } from 'commander'
import { count, type Host } from '../host.ts'
import { bytesText, spanText } from '../output.ts'
import { items, noKeys } from '../scan.ts'
import type { ServerOptions } from '../server.ts'
import { templateOf } from '../../keys/template-of.ts'

/** The figures of a family of keys. */
class Family {
  entries = 0
  bytes = 0
  largest = 0
  withoutTtl = 0
  ttls = 0

  add(ttl: number, bytes: number): void {
    this.entries++
    this.bytes += bytes
    this.largest = Math.max(this.largest, bytes)
    if (ttl === Infinity) this.withoutTtl++
    else this.ttls += ttl
  }

  get meanTtl(): number | undefined {
    const ending = this.entries - this.withoutTtl
    return ending === 0 ? undefined : this.ttls / ending
  }
}

/** Adds `cachette top`. */
export function addTop(program: Command, host: Host): void {
  const command = host
    .addToServer(
      program,
      'top',
      'Lists the families of keys (user:{id}) that take the most memory on the server.',
      'npx cachette top --limit 10',
    )
    .argument('[beginning]', 'literal beginning of the keys', '')
    .option('-n, --limit <number>', 'the most families to list', count, 20)
    .option('--sample <number>', 'the most keys to look at', count, 100_000)
  host.serve<ServerOptions & { readonly limit: number; readonly sample: number }, [string]>(
    command,
    async (server, output, options, beginning) => {
      const families = new Map<string, Family>()
      let looked = 0
      for await (const { key, ttl, bytes } of items(server, beginning)) {
        if (looked >= options.sample) break
        looked++
        const name = templateOf(key)
        const family = families.get(name) ?? new Family()
        families.set(name, family)
        family.add(ttl, bytes ?? 0)
        if (looked % 5000 === 0) output.progress(`${looked} keys`)
      }
      output.progress('')
      const list = [...families].toSorted(([, a], [, b]) => b.bytes - a.bytes).slice(0, options.limit)
      const total = [...families.values()].reduce((sum, { bytes }) => sum + bytes, 0)
      if (output.isJson)
        for (const [family, { entries, bytes, largest, withoutTtl, meanTtl }] of list)
          output.json({ family, entries, bytes, largest, withoutTtl, meanTtl })
      else
        output.table(
          ['family', 'entries', 'memory', 'share', 'largest', 'removed in (mean)', 'never removed'],
          list.map(([family, { entries, bytes, largest, withoutTtl, meanTtl }]) => [
            family,
            String(entries),
            bytesText(bytes),
            `${total === 0 ? 0 : Math.round((100 * bytes) / total)} %`,
            bytesText(largest),
            spanText(meanTtl),
            withoutTtl === 0 ? '' : String(withoutTtl),
          ]),
          [1, 2, 3, 4, 5, 6],
        )
      if (looked >= options.sample) output.note(`Of the first ${looked} keys; --sample looks at more.`)
      if (looked === 0) output.note(noKeys(server, beginning))
    },
  )
}
