import { textOf } from '../../redis/store/scans.ts'
import { bytesText } from '../output.ts'
import { items, type Item } from '../scan.ts'
import type { Server } from '../server.ts'
import { bad, fine, type Check, type Finding } from './finding.ts'

/** The number of names that are looked at. */
const SAMPLE = 2000
const LARGE_BYTES = 1_000_000
const NESTED = /^(.*?)!(?:sequence|fleet):/s

/** Checks a sample of what lies under the prefix. */
export const checkKeys: Check = async (server) => {
  const sample: Item[] = []
  for await (const item of items(server, '')) {
    sample.push(item)
    if (sample.length >= SAMPLE) break
  }
  const { foreign, inner, otherLayout } = await othersOf(server)
  return [
    fine('keys', sample.length >= SAMPLE ? `a sample of ${SAMPLE}` : String(sample.length)),
    ...withoutTtl(sample),
    ...large(sample),
    ...(await unreadable(server, sample)),
    ...(foreign === undefined ? [] : [foreignNames(foreign)]),
    ...(otherLayout === undefined ? [] : [layouts(otherLayout)]),
    ...inner.map((prefix) => nested(server.prefix, prefix)),
    ...(await outer(server)),
  ]
}

function withoutTtl(sample: readonly Item[]): readonly Finding[] {
  const endless = sample.filter(({ ttl }) => ttl === Infinity)
  if (endless.length === 0) return []
  const text = `${endless.length} of ${sample.length} keys are never removed, such as ${endless[0]!.key}`
  return [bad('warning', 'ttls', text, 'give the cache a default ttl')]
}

function large(sample: readonly Item[]): readonly Finding[] {
  const big = sample.filter(({ bytes }) => bytes !== undefined && bytes > LARGE_BYTES)
  if (big.length === 0) return []
  const [{ key, bytes }] = big as [Item]
  const text = `${big.length} of ${sample.length} entries are larger than 1 MB, such as ${key} (${bytesText(bytes)})`
  return [bad('warning', 'large entries', text, 'store less in one entry, or turn on compression')]
}

async function unreadable(server: Server, sample: readonly Item[]): Promise<readonly Finding[]> {
  const cache = await server.cache()
  const before = cache.stats().unreadable
  await cache.getMany(sample.slice(0, 200).map(({ key }) => key))
  const count = cache.stats().unreadable - before
  if (count === 0) return []
  return [
    bad(
      'warning',
      'formats',
      `${count} of ${Math.min(200, sample.length)} entries can't be read without the options of their cache`,
      'two caches with different serializers, classes or keys of encryption must not share a prefix',
    ),
  ]
}

interface Others {
  /** A name of another type than an entry. */
  readonly foreign: string | undefined
  /** Longer prefixes of other caches. */
  readonly inner: readonly string[]
  /** A name that another layout of keys has made. */
  readonly otherLayout: string | undefined
}

async function othersOf({ client, names, prefix }: Server): Promise<Others> {
  const inner = new Set<string>()
  let foreign: string | undefined
  let otherLayout: string | undefined
  for (const master of await client.masters()) {
    let cursor = '0'
    let looked = 0
    do {
      const args = ['SCAN', cursor, 'MATCH', `${escapeGlob(prefix)}*`, 'COUNT', '1000']
      const [next, found] = (await master.run({ args }, 'bytes')) as [Uint8Array, readonly Uint8Array[]]
      cursor = Buffer.from(next).toString()
      looked += found.length
      for (const bytes of found) {
        const name = textOf(bytes)
        const rest = name?.slice(prefix.length) ?? ''
        const longer = NESTED.exec(rest)?.[1]
        if (longer !== undefined && longer !== '') inner.add(prefix + longer)
        if (!names.isSpread && /^\{[\da-f]{2}\}/.test(rest)) otherLayout ??= name
        if (names.isSpread && !rest.startsWith('!') && names.keyOf(name ?? '') === undefined)
          otherLayout ??= name
        if (foreign === undefined && !names.isSideKey(bytes) && name !== undefined) {
          const type = await master.run({ args: ['TYPE', name] }, 'text')
          if (type !== 'string' && type !== 'none') foreign = `${name} (a ${String(type)})`
        }
      }
    } while (cursor !== '0' && looked < SAMPLE)
  }
  return { foreign, inner: [...inner], otherLayout }
}

function foreignNames(example: string): Finding {
  const text = `another program keeps names under this prefix, such as ${example}`
  return bad(
    'problem',
    'foreign names',
    text,
    'give the cache a prefix of its own; clear() would delete them',
  )
}

function layouts(example: string): Finding {
  const text = `there are names of another layout under this prefix, such as ${example}`
  const remedy = "caches with and without a cluster or layout: 'one-slot' must not share a prefix"
  return bad('problem', 'layouts', text, remedy)
}

function nested(outerPrefix: string, innerPrefix: string): Finding {
  return bad(
    'problem',
    'shared prefix',
    `the cache under ${innerPrefix} lies inside this one, so that clear() and deleteByPrefix() of ${outerPrefix} reach it`,
    'give both caches prefixes of which none begins with the other',
  )
}

/** Looks for caches whose prefix is a beginning of this one, as far as the user may look there. */
async function outer({ prefix, names, runAt }: Server): Promise<readonly Finding[]> {
  const found: Finding[] = []
  for (let length = 0; length < prefix.length; length++) {
    const shorter = prefix.slice(0, length)
    const name = names.isSpread ? `${shorter}!fleet:{!tags}` : `${shorter}!fleet:`
    if ((await runAt(name, 'EXISTS', name).catch(() => 0)) === 1) found.push(nested(shorter, prefix))
  }
  return found
}

function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\]/g, String.raw`\$&`)
}
