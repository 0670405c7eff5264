// Every method as the first call that meets a frozen server. None takes longer than its deadlines.
import { Peer } from '../../support/peer.ts'
import type { ClientName } from '../native-clients.ts'
import { startRedis } from '../servers/index.ts'
import * as Methods from './methods.ts'
import { DEADLINE_MS, SLACK_MS } from './run.ts'
import type { Call } from './subject.ts'

/** Number of calls at once, few enough that they don't keep each other waiting. */
const AT_ONCE = 6

export interface FirstCalls {
  readonly client: ClientName
  readonly calls: Readonly<Record<string, Call>>
  /** Breaches of promises. */
  readonly breaches: readonly string[]
}

export async function playFirstCalls(client: ClientName): Promise<FirstCalls> {
  await using server = await startRedis()
  await using service = new Peer<typeof Methods>(new URL('methods.ts', import.meta.url))
  await service.call.warmUp(client, server.url)
  const calls: Record<string, Call> = {}
  const names = Object.keys(Methods.METHODS)
  for (let first = 0; first < names.length; first += AT_ONCE) {
    await service.call.open(client, server.url, names.slice(first, first + AT_ONCE))
    server.freeze()
    Object.assign(calls, await service.call.callThem())
    server.resume()
    await service.call.close()
  }
  const exitCode = await service.end()
  const breaches = Object.entries(Methods.METHODS).flatMap(([name, { deadlines, answer }]) => {
    const { ms, result } = calls[name]!
    const found: string[] = []
    if (ms > deadlines * DEADLINE_MS + SLACK_MS) found.push(`${name} took ${ms.toFixed(0)} ms`)
    if (result !== answer) found.push(`${name} answered ${result}`)
    return found
  })
  if (exitCode !== 0) breaches.push(`the process ended with exit code ${exitCode}`)
  return { client, calls, breaches }
}

const TIMES = ['', 'one', 'two, and the loader']

/** Returns a table in Markdown: a row for each method, with the time of its first call by each client. */
export function firstCallsTable(played: readonly FirstCalls[]): string {
  const head = ['method', 'deadlines', ...played.map(({ client }) => client), 'answer']
  const rows = Object.entries(Methods.METHODS).map(([name, { deadlines, answer }]) => {
    const times = played.map(({ calls }) => `${calls[name]!.ms.toFixed(0)} ms`)
    return [`\`${name}\``, TIMES[deadlines]!, ...times, `\`${answer}\``]
  })
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}
