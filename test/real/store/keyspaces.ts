import { readHead, readLogEntry } from '../../../src/redis/store/log/log-format.ts'
import type { EntryBytes } from '../../../src/redis/store/entry-bytes.ts'
import type { KeyNames } from '../../../src/redis/store/key-names.ts'
import type { Stored } from '../../../src/core/store.ts'
import type { SimulatedServer } from '../../../simulator/server/server.ts'
import { roughly } from './comparison.ts'
import type { RespConnection } from './resp-connection.ts'

const DAY = 24 * 60

/** A name, its content, and its lifetime in minutes. */
export type Held = readonly [name: string, value: unknown, minutes: number | string]

/** Returns the name on a real server for one of the simulated server. */
export function realName(names: KeyNames, modelName: string): string {
  const rest = modelName.slice(2)
  switch (modelName.charAt(0)) {
    case 'v':
      return names.value(rest)
    case 'l':
      return names.lease(rest)
    case 'f':
      return names.floor(rest)
    case 's':
      return names.sequence(rest)
    case 'g':
      return names.log(rest)
    default:
      return names.tag(rest)
  }
}

/** Returns all data of the simulated server, as they should be on a real one. */
export function modelKeyspace(server: SimulatedServer, names: KeyNames): readonly Held[] {
  const held: Held[] = []
  for (const name of server.names()) {
    const { value, expiresAtMs } = server.items.get(name)!
    const minutes = expiresAtMs === Infinity ? Infinity : roughly(expiresAtMs - server.now())
    held.push([realName(names, name), modelValue(name, value), lifetime(name, minutes)])
  }
  return inOrder(held, names)
}

/** Returns all data of a real server. */
export async function realKeyspace(
  admin: RespConnection,
  names: KeyNames,
  entries: EntryBytes,
): Promise<readonly Held[]> {
  const held: Held[] = []
  for (const name of (await admin.call('KEYS', '*')) as readonly string[]) {
    const side = /!(sequence|log|lease|floor|tag|mark):/.exec(name)?.[1]
    const kind = { sequence: 's', log: 'g', lease: 'l', floor: 'f', tag: 't' }[side ?? ''] ?? 'v'
    const leftMs = (await admin.call('PTTL', name)) as number
    const minutes = leftMs === -1 ? Infinity : roughly(leftMs)
    held.push([name, await realValue(admin, name, kind, entries), lifetime(kind, minutes)])
  }
  return inOrder(held, names)
}

// A log is renewed at other moments. Without its sequence no node reads it.
function inOrder(held: readonly Held[], names: KeyNames): readonly Held[] {
  const present = new Set(held.map(([name]) => name))
  return held
    .filter(([name]) => !name.startsWith(names.log('')) || present.has(name.replace('!log:', '!sequence:')))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
}

// Records are renewed at most once a day.
function lifetime(name: string, minutes: number): number | string {
  if (name.startsWith('g')) return minutes <= DAY ? 'up to a day' : minutes
  if (name.startsWith('t')) return minutes <= 30 * DAY && minutes > 28 * DAY ? 'a month' : minutes
  return minutes
}

function modelValue(name: string, value: unknown): unknown {
  if (name.startsWith('v:')) {
    const { text, ...rest } = value as { readonly text: string }
    const parsed = JSON.parse(text) as unknown
    const isFramed = Object.keys(rest).length > 0 || (typeof parsed === 'string' && parsed.length > 4096)
    return { value: parsed, isFramed, ...rest }
  }
  if (name.startsWith('g:')) return { entries: value }
  return value
}

async function realValue(
  admin: RespConnection,
  name: string,
  kind: string,
  entries: EntryBytes,
): Promise<unknown> {
  if (kind === 'g') {
    const lines = (await admin.call('LRANGE', name, '0', '-1')) as readonly string[]
    return { entries: lines.map(readLogEntry) }
  }
  const bytes = (await admin.run({ args: ['GET', name] }, 'bytes')) as Buffer
  const text = bytes.toString()
  if (kind === 's') return readHead(text)
  if (kind === 'l') return text.startsWith('=') ? text.slice(1) : { cooldown: text.slice(1) }
  if (kind === 'f') return BigInt(`0x${text}`)
  if (kind === 't') {
    const [value, ordinal, random, birth, counter] = text.split(' ')
    if (ordinal === undefined) return { value }
    const head = readHead(`${ordinal} ${random} ${birth} ${counter} =`)!
    return { value, head: { epoch: head.epoch, counter: head.counter } }
  }
  const { stored, remainingMs: _, ...rest } = entries.found(bytes, '', -1)
  return { value: entries.view(stored satisfies Stored), isFramed: bytes[0] === 0xc1, ...rest }
}
