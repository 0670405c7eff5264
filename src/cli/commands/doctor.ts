import type { Command } from 'commander'
import { messageOf } from '../../core/logging/thrown.ts'
import { bad, type Check, type Finding } from '../doctor/finding.ts'
import { checkKeys } from '../doctor/keys.ts'
import { checkLatency } from '../doctor/latency.ts'
import { checkRights } from '../doctor/rights.ts'
import { checkServer } from '../doctor/server-checks.ts'
import { EXIT } from '../failure.ts'
import type { Host } from '../host.ts'
import type { Colour, Output } from '../output.ts'
import type { Server, ServerOptions } from '../server.ts'

const CHECKS: readonly (readonly [name: string, check: Check])[] = [
  ['server', checkServer],
  ['round trip', checkLatency],
  ['rights', checkRights],
  ['keys', checkKeys],
]

const COLOURS: Readonly<Record<Finding['state'], Colour>> = { ok: 'green', warning: 'yellow', problem: 'red' }

/** Adds `cachette doctor`. */
export function addDoctor(program: Command, host: Host): void {
  const command = host.addToServer(
    program,
    'doctor',
    'Checks server, rights, latency and keys. Exits with 1 if it finds a problem.',
    'npx cachette doctor --url redis://localhost:6379 --prefix shop:',
  )
  host.serve<ServerOptions, []>(command, async (server, output) => {
    const findings: Finding[] = []
    for (const [name, check] of CHECKS) {
      const found = await resultsOf(server, name, check)
      findings.push(...found)
      if (!output.isJson) for (const finding of found) show(output, finding)
    }
    const problems = findings.filter(({ state }) => state === 'problem').length
    const warnings = findings.filter(({ state }) => state === 'warning').length
    if (output.isJson)
      output.json({ server: server.place, prefix: server.prefix, problems, warnings, findings })
    else
      output.note(
        `${server.place}, prefix ${server.prefix}: ${counted(problems, 'problem')}, ${counted(warnings, 'warning')}`,
      )
    return problems === 0 ? EXIT.done : EXIT.negative
  })
}

async function resultsOf(server: Server, name: string, check: Check): Promise<readonly Finding[]> {
  try {
    return await check(server)
  } catch (error) {
    return [bad('problem', name, `the check failed: ${messageOf(error)}`, 'see the message of the server')]
  }
}

function show(output: Output, { check, state, text, remedy }: Finding): void {
  output.marked(COLOURS[state], state.padEnd(8), ` ${check}: ${text}`)
  if (remedy !== undefined) output.marked('dim', `         ${remedy}`, '')
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
