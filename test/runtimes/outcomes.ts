import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { SuiteOutcome } from './played/suite.ts'
import type { Library, Projects } from './project.ts'
import type { Runtime } from './runtimes.ts'

/** The outcome of a play on a runtime. */
export interface Line {
  readonly runtime: Runtime
  readonly title: string
  readonly passed: number
  readonly failed: readonly string[]
}

/** A program that does not come to its end is ended after that. */
const PATIENCE_MS = 300_000
/** The time in which a program ends by itself after its last line. */
const END_MS = 10_000

interface Ended {
  readonly output: string
  readonly trouble: string | undefined
}

/** Resolves when a program has ended, by itself or because it took too long. */
async function ended(child: ChildProcess): Promise<Ended> {
  let late: string | undefined
  const endWithin = (ms: number, what: string): NodeJS.Timeout =>
    setTimeout(() => {
      late = `${what} within ${ms / 1000} s`
      child.kill('SIGKILL')
    }, ms)
  let timer = endWithin(PATIENCE_MS, 'it printed nothing')
  child.stdout!.once('data', () => {
    clearTimeout(timer)
    timer = endWithin(END_MS, 'it did not end after its last line')
  })
  const [output, errors] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'close')])
  clearTimeout(timer)
  const code = `exit code ${child.exitCode}: ${errors.trim().slice(0, 500)}`
  return { output, trouble: late ?? (child.exitCode === 0 ? undefined : code) }
}

/** Plays the conformance suite of the package on a runtime. */
export async function playSuite(
  projects: Projects,
  runtime: Runtime,
  library: Library,
  engine: 'memory' | 'redis' | 'tiered',
  url: string,
): Promise<Omit<Line, 'title' | 'runtime'>> {
  return outcomeOf(projects.start(runtime, library, 'suite', engine, library, url))
}

/** Imports and requires entry points of the package on a runtime. */
export async function playEntries(
  projects: Projects,
  runtime: Runtime,
  library: Library,
  specifiers: readonly string[],
): Promise<Omit<Line, 'title' | 'runtime'>> {
  return outcomeOf(projects.start(runtime, library, 'entries', ...specifiers))
}

// Reads the outcome that a program prints in its last line.
async function outcomeOf(child: ChildProcess): Promise<Omit<Line, 'title' | 'runtime'>> {
  const { output, trouble } = await ended(child)
  const last = output.trim().split('\n').at(-1) ?? ''
  const { passed, failed }: SuiteOutcome = last.startsWith('{') ? JSON.parse(last) : { passed: 0, failed: [] }
  return { passed, failed: [...failed, ...(trouble === undefined ? [] : [trouble])] }
}

/** Runs a program that closes its caches. It has to end by itself. */
export async function playProgram(
  projects: Projects,
  runtime: Runtime,
  library: Library,
  url: string,
): Promise<Omit<Line, 'title' | 'runtime'>> {
  const { output, trouble } = await ended(projects.start(runtime, library, 'program', url))
  const failed = trouble ?? (output.trim() === 'closed' ? undefined : `it printed ${output.trim()}`)
  return failed === undefined ? { passed: 1, failed: [] } : { passed: 0, failed: [failed] }
}
