import type { Epoch, EpochId, Head, LogEntry, Message } from '../../../core/remote/log.ts'

// Fields are separated by a blank, and free text comes last. This stands for an empty field, because no encoded field
// begins with it.
const NONE = '='
const KINDS = { k: 'key', t: 'tag', f: 'flush' } as const

/** The letter of a kind in a log. */
export const kindLetters = { key: 'k', tag: 't', flush: 'f' } as const

/** Returns an epoch as scripts compare it. */
export function epochText({ birth, ...id }: Epoch): string {
  return `${id.ordinal} ${randomText(id)} ${birth}`
}

/** Returns the random part of an epoch as scripts receive it. */
export function randomText({ random }: Pick<EpochId, 'random'>): string {
  return random === '' ? NONE : encodeURIComponent(random)
}

/** Reads an epoch that {@link epochText} wrote; `undefined` for other text. */
export function readEpoch(text: string): Epoch | undefined {
  const [, ordinal, random, birth] = /^(\d+) (\S+) (\d+)$/.exec(text) ?? []
  if (ordinal === undefined) return undefined
  return { ordinal: Number(ordinal), random: readField(random!), birth: Number(birth) }
}

/** Returns the head in a sequence key; `undefined` if there is none, or other text. */
export function readHead(text: string | null): Head | undefined {
  const [, place, counter, stamp] = /^(\d{1,15} \S+ \d{1,15}) (\d{1,15}) (\S+)$/.exec(text ?? '') ?? []
  const epoch = place === undefined ? undefined : readEpoch(place)
  return epoch && { epoch, counter: Number(counter), stamp: readField(stamp!) }
}

/** Returns the entry in a line of a log; `undefined` if it is no entry. */
export function readLogEntry(text: string): LogEntry | undefined {
  const [, counter, stamp, previous, letter, origin, item] =
    /^(\d+) (\S+) (\S+) ([ktf]) (\S+) ([^]*)$/.exec(text) ?? []
  if (counter === undefined) return undefined
  return {
    counter: Number(counter),
    stamp: readField(stamp!),
    previous: readField(previous!),
    kind: KINDS[letter as keyof typeof KINDS],
    item: item!,
    ...(origin === NONE ? {} : { origin: origin! }),
  }
}

/** Returns the message in a published text: partition, epoch and the entry of the log. */
export function readMessage(text: string): Message | undefined {
  const [, partition, epoch, rest] = /^(\S+) (\d+ \S+ \d+) ([^]*)$/.exec(text) ?? []
  const entry = rest === undefined ? undefined : readLogEntry(rest)
  const read = epoch === undefined ? undefined : readEpoch(epoch)
  return entry === undefined || read === undefined
    ? undefined
    : { partition: partition!, epoch: read, ...entry }
}

function readField(text: string): string {
  if (text === NONE) return ''
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
