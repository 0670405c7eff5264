// Cuts a stream of RESP2 or RESP3 into frames, and takes commands apart. Bytes pass as they are.

const CR = 13

/** Returns the end of the frame that begins at `at`; `undefined` if the frame is incomplete. */
export function endOfFrame(data: Buffer, at: number): number | undefined {
  const lineEnd = data.indexOf('\r\n', at)
  if (lineEnd < 0) return undefined
  const next = lineEnd + 2
  const count = Number(data.toString('latin1', at + 1, lineEnd))
  switch (String.fromCharCode(data[at]!)) {
    case '$':
    case '!':
    case '=': {
      const end = count < 0 ? next : next + count + 2
      return end <= data.length ? end : undefined
    }
    case '*':
    case '~':
    case '>':
      return endOfFrames(data, next, count)
    case '%':
      return endOfFrames(data, next, count * 2)
    default:
      return next
  }
}

function endOfFrames(data: Buffer, at: number, count: number): number | undefined {
  let end: number | undefined = at
  for (let left = count; left > 0 && end !== undefined; left--) end = endOfFrame(data, end)
  return end
}

/** Collects chunks and returns whole frames. */
export class Frames {
  #data: Buffer = Buffer.alloc(0)

  /** Returns the frames that are complete with this chunk. */
  add(chunk: Buffer): Buffer[] {
    this.#data = this.#data.length === 0 ? chunk : Buffer.concat([this.#data, chunk])
    const frames: Buffer[] = []
    let at = 0
    while (at < this.#data.length) {
      const end = endOfFrame(this.#data, at)
      if (end === undefined) break
      frames.push(this.#data.subarray(at, end))
      at = end
    }
    this.#data = this.#data.subarray(at)
    return frames
  }
}

/** Returns the words of a command, in the form of an array or inline. */
export function wordsOf(frame: Buffer): string[] {
  if (frame[0] !== 42) return frame.toString('utf8').trim().split(/\s+/)
  const words: string[] = []
  let at = frame.indexOf(CR) + 2
  while (at < frame.length) {
    const lineEnd = frame.indexOf(CR, at)
    const start = lineEnd + 2
    const end = start + Number(frame.toString('latin1', at + 1, lineEnd))
    words.push(frame.toString('utf8', start, end))
    at = end + 2
  }
  return words
}

/** Whether a frame is a message that no command asked for. RESP3 answers subscriptions by such frames, too. */
export function isPush(frame: Buffer): boolean {
  const begin = frame.toString('latin1', 0, 40)
  return /^[*>]\d+\r\n\$\d+\r\n(?:[ps]?message|invalidate)\r\n/.test(begin)
}

const KEYLESS = new Set(
  [
    'ACL AUTH CLIENT CLUSTER COMMAND CONFIG DBSIZE ECHO EXEC FLUSHDB HELLO INFO MULTI PING PSUBSCRIBE PUBLISH',
    'PUBSUB QUIT READONLY READWRITE RESET ROLE SCAN SCRIPT SELECT SUBSCRIBE TIME UNSUBSCRIBE WAIT',
  ]
    .join(' ')
    .split(' '),
)
const ALL_ARE_KEYS = new Set(['DEL', 'EXISTS', 'MGET', 'TOUCH', 'UNLINK', 'WATCH'])

/** Returns the keys of a command that the engine uses. */
export function keysOf([name = '', ...args]: readonly string[]): readonly string[] {
  const command = name.toUpperCase()
  if (KEYLESS.has(command)) return []
  if (ALL_ARE_KEYS.has(command)) return args
  if (command === 'MSET') return args.filter((_, index) => index % 2 === 0)
  if (/^(?:EVAL|EVALSHA|FCALL)(?:_RO)?$/.test(command)) return args.slice(2, 2 + Number(args[1]))
  return args.slice(0, 1)
}
