import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { SuiteOutcome } from './played/suite.ts'
import type { Library, Projects } from './project.ts'
import type { Runtime } from './runtimes.ts'

/** What is played on each runtime. */
export interface Line {
  readonly runtime: Runtime
  readonly title: string
  readonly passed: number
  readonly failed: readonly string[]
}

/** A program that does not end by itself is ended after that. */
const PATIENCE_MS = 180_000
/** The time in which a program ends that has closed its caches. */
const END_MS = 10_000

interface Ended {
  readonly output: string
  readonly trouble: string | undefined
}

async function ended(child: ChildProcess, patienceMs: number): Promise<Ended> {
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    child.kill('SIGKILL')
  }, patienceMs)
  const [output, errors] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'close')])
  clearTimeout(timer)
  const trouble = isLate
    ? `it did not end within ${patienceMs / 1000} s`
    : child.exitCode === 0
      ? undefined
      : `exit code ${child.exitCode}: ${errors.trim().slice(0, 500)}`
  return { output, trouble }
}

/** Plays the conformance suite of the package on a runtime. */
export async function playSuite(
  projects: Projects,
  runtime: Runtime,
  library: Library,
  engine: 'memory' | 'redis' | 'tiered',
  url: string,
): Promise<Omit<Line, 'title' | 'runtime'>> {
  const { output, trouble } = await ended(
    projects.start(runtime, library, 'suite', engine, library, url),
    PATIENCE_MS,
  )
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
  const { output, trouble } = await ended(projects.start(runtime, library, 'program', url), END_MS)
  const failed = trouble ?? (output.trim() === 'closed' ? undefined : `it printed ${output.trim()}`)
  return failed === undefined ? { passed: 1, failed: [] } : { passed: 0, failed: [failed] }
}
