// Random wrong arguments: an error of this library that names the argument, or a documented answer.
import { inspect } from 'node:util'
import { BaseCache, isCacheError } from 'cachette'
import { SeededRandom } from '../../../src/testing/random.ts'
import { Arguments } from './arguments.ts'
import type { Call, Subject } from './cache-calls.ts'
import { PASSWORD, SECRET, WRONG } from './wrong-values.ts'

/** A call that ended otherwise than it may. */
export interface Fault {
  readonly call: string
  readonly position: string
  readonly text: string
}

interface Outcome {
  readonly error?: unknown
  readonly hangs?: boolean
}

const LONGEST_MS = 5_000
const HANGS: Outcome = { hangs: true }

/** Words of the errors for positions whose names are not the words. */
const WORDS: Readonly<Record<string, RegExp>> = {
  options: /option|Chaos|duration|30 days|tag|signal|ttl|is not a function|cache|client|keys|name|current/,
  'options of all': /option|duration|30 days|tag|signal|ttl/,
  ttl: /ttl|duration|30 days|option|tag|signal/,
  'computed ttl': /ttl/,
  tags: /tag/,
  'computed tags': /tag/,
  setTags: /tag/,
  keys: /key/,
  prefix: /key|prefix/,
  name: /name|key/,
  entry: /entries|key/,
  value: /\$/,
  argument: /\$|a part of a key|\{0\}|args/,
  fn: /function/,
  entity: /a part of a key|\$/,
  part: /a part of a key|\$/,
  'another part': /a part of a key|\$/,
  service: /a part of a key|\$/,
  function: /a part of a key|\$/,
  args: /args|\$|a part of a key/,
  answer: /answer/,
  'answer of key': /key/,
  quantity: /whole number/,
  duration: /block/,
  'another token': /token/,
  secret: /the key/,
  secrets: /keys|current/,
  'answer of cache': /cache/,
  result: /result|\$/,
  primitives: /storeFrom/,
  limits: /limit/,
  entries: /entries|key/,
  client: /redis|url|client|option|ttl|tag|signal/i,
  redis: /redis|url|client|option|ttl|tag|signal/i,
  method: /is not a function|before a method/,
  context: /before a method/,
}

/** Positions where a secret may be expected. */
const SECRETS = /url|password|username|host|redis|client|credentials|tls|secret/

/** Calls of a user's function, whose errors are passed on unchanged. */
const OWN =
  /: (?:loader|fn|visit|answer.*|result|method)$|(?:wrap|with|memoize|Cached).*: options\.(?:ttl|tags|key|cache)$|getOrSet.*: value$|: a key: key$|options\.random$/

/** Makes a number of calls, each with a wrong argument or two, and returns those that ended otherwise than they may. */
export async function faultsOf(
  subject: Subject,
  calls: Readonly<Record<string, Call>>,
  runs: number,
  seed: number,
): Promise<readonly Fault[]> {
  const random = new SeededRandom(seed)
  const positions = new Map<string, readonly string[]>()
  for (const [name, call] of Object.entries(calls)) {
    const args = new Arguments()
    await outcomeOf(() => call(subject, args))
    positions.set(name, [...new Set(args.names)])
  }
  const all = [...positions].flatMap(([name, some]) => some.map((position) => [name, position] as const))
  const faults = new Map<string, Fault>()
  for (let run = 0; run < runs; run++) {
    const [name, position] = random.pick(all)
    const wrong = new Map([[position, wrongAt(position, random)]])
    if (random.chance(0.2)) {
      const other = random.pick(positions.get(name)!)
      wrong.set(other, wrongAt(other, random))
    }
    const args = new Arguments(wrong)
    const outcome = await outcomeOf(() => calls[name]!(subject, args))
    const text = complaintOf(outcome, name, [...wrong.keys()])
    const at = [...wrong].map(([where, make]) => `${where} = ${told(make)}`).join(', ')
    if (text !== undefined) faults.set(`${name} ${position} ${text}`, { call: name, position: at, text })
  }
  return [...faults.values()]
}

function wrongAt(position: string, random: SeededRandom): () => unknown {
  return random.pick(SECRETS.test(position) ? [...WRONG, ...SECRET] : WRONG)
}

function told(make: () => unknown): string {
  return make.toString().replaceAll(/\s+/g, ' ').slice(0, 60)
}

function complaintOf(
  { error, hangs }: Outcome,
  call: string,
  positions: readonly string[],
): string | undefined {
  if (hangs === true) return 'it hangs'
  if (error === undefined) return undefined
  const text = (error as Error).message
  if (inspect(error, { depth: 6 }).includes(PASSWORD)) return `it quotes a password: ${text}`
  const isOwn = positions.some((position) => OWN.test(`${call}: ${position}`))
  if (isOwn && !isCacheError(error)) return undefined
  if (!isCacheError(error)) return `it is none of ours: ${(error as Error).name}: ${text}`
  const isNamed = positions.some((position) => wordsOf(position).test(text))
  return isNamed ? undefined : `it does not name the argument: ${text}`
}

function wordsOf(position: string): RegExp {
  const last = position.split('.').at(-1)!
  return WORDS[position] ?? WORDS[last] ?? new RegExp(last, 'i')
}

async function outcomeOf(call: () => unknown): Promise<Outcome> {
  let timer: NodeJS.Timeout
  const late = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => resolve(HANGS), LONGEST_MS)
  })
  try {
    const made = async (): Promise<Outcome> => {
      const answer = await call()
      if (answer instanceof BaseCache) await answer.close()
      return {}
    }
    return await Promise.race([made(), late])
  } catch (error) {
    return { error: error ?? new Error('nothing was thrown') }
  } finally {
    clearTimeout(timer!)
  }
}
