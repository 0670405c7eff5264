// One process of a service: opens one library and makes the calls that it is sent. Arguments: name, port, flags.
import type { Candidate, Loader } from './candidate.ts'
import { libraryOf } from './libraries.ts'
import { LOCAL_PLAYS } from './local-plays.ts'
import type { Call, FromNode, LoaderRef, Outcome, ToNode } from './protocol.ts'

const [, , name, port, ...flags] = process.argv
const library = libraryOf(name)
tell({ ready: false })
const candidate = await library.open({
  port: Number(port),
  isTuned: flags.includes('tuned'),
  hasTags: flags.includes('tags'),
})
const runs = new Map<number, (outcome: Outcome) => void>()
const parts = new Map<string, ReturnType<NonNullable<Candidate['namespace']>>>()
let lastRun = 0

function tell(message: FromNode): void {
  process.send?.(message)
}

function loaderOf({ loader }: LoaderRef): Loader {
  return async () => {
    lastRun += 1
    const run = lastRun
    const outcome = await new Promise<Outcome>((resolve) => {
      runs.set(run, resolve)
      tell({ run, loader })
    })
    if ('error' in outcome) throw new Error(outcome.error)
    return outcome.value
  }
}

function part(of: string): ReturnType<NonNullable<Candidate['namespace']>> {
  const known = parts.get(of) ?? candidate.namespace!(of)
  parts.set(of, known)
  return known
}

async function made(call: Call): Promise<unknown> {
  switch (call[0]) {
    case 'get':
    case 'getAndProlong':
    case 'delete':
    case 'invalidateTag':
    case 'increment':
      return candidate[call[0]]!(call[1])
    case 'set':
      return candidate.set(call[1], call[2], call[3] ?? {})
    case 'setIfAbsent':
      return candidate.setIfAbsent!(call[1], call[2])
    case 'load':
      return candidate.load!(call[1], loaderOf(call[2]), call[3] ?? {})
    case 'getIn':
      return part(call[1]).get(call[2])
    case 'setIn':
      return part(call[1]).set(call[2], call[3], {})
    case 'clear':
      return part(call[1]).clear()
    case 'local':
      return LOCAL_PLAYS[call[1]]!(candidate)
  }
}

/** Makes a call; its outcome can be sent. Answers of writes are dropped, because they may be the library itself. */
async function outcomeOf(call: Call): Promise<Outcome> {
  try {
    const value = await made(call)
    return { value: call[0] === 'set' || call[0] === 'setIn' || call[0] === 'clear' ? undefined : value }
  } catch (error) {
    return { error: String(error) }
  }
}

async function makeAll(id: number, calls: readonly Call[]): Promise<void> {
  const outcomes = await Promise.all(calls.map(outcomeOf))
  try {
    tell({ id, outcomes })
  } catch (error) {
    tell({ id, outcomes: calls.map(() => ({ error: String(error) })) })
  }
}

process.on('message', (message: ToNode) => {
  if ('calls' in message) {
    void makeAll(message.id, message.calls)
    return
  }
  runs.get(message.run)?.(message.outcome)
  runs.delete(message.run)
})
process.on('disconnect', () => process.exit())
tell({ ready: true })
