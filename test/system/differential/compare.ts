// One program on every engine: what differs, and the shortest program that still shows it.
import { play, type Played, type Subject } from './play.ts'
import { LISTED, type Listed } from './listed.ts'
import type { Step } from './step.ts'

/** A difference between the first engine and another. */
export interface Difference {
  readonly step: Step | undefined
  /** The answers by engine. */
  readonly answers: Readonly<Record<string, string>>
}

let played = 0

async function playAll(subjects: readonly Subject[], steps: readonly Step[]): Promise<readonly Played[]> {
  const name = `p${++played}`
  return Promise.all(subjects.map(async (subject) => play(subject, name, steps)))
}

/** The number of times that each listed difference was seen. */
export const seenListed: Map<Listed, number> = new Map()

function concerns(
  { methods, isOfFigures, calls }: Listed,
  step: Step | undefined,
  steps: readonly Step[],
): boolean {
  if (step !== undefined) return methods.includes(step.method)
  return isOfFigures === true && (calls === undefined || steps.some(({ method }) => calls.includes(method)))
}

function differing(answers: readonly string[], step: Step | undefined, steps: readonly Step[]): boolean {
  if (new Set(answers).size === 1) return false
  let told = answers
  for (const listed of LISTED) {
    if (!concerns(listed, step, steps)) continue
    const same = told.map((answer) => listed.same(answer))
    if (same.some((answer, index) => answer !== told[index]))
      seenListed.set(listed, (seenListed.get(listed) ?? 0) + 1)
    told = same
  }
  return new Set(told).size > 1
}

/** Plays a program and finds the first call whose answers differ; after these, the figures. */
export async function compare(
  subjects: readonly Subject[],
  steps: readonly Step[],
): Promise<Difference | undefined> {
  const results = await playAll(subjects, steps)
  const named = (texts: readonly string[]): Record<string, string> =>
    Object.fromEntries(subjects.map(({ name }, index) => [name, texts[index]!]))
  for (const step of steps) {
    const answers = results.map((result) => result.answers.get(step.index) ?? 'no answer')
    if (differing(answers, step, steps)) return { step, answers: named(answers) }
  }
  const stats = results.map((result) => result.stats)
  return differing(stats, undefined, steps) ? { step: undefined, answers: named(stats) } : undefined
}

/** Leaves calls out for as long as the rest differs. */
export async function shrink(
  subjects: readonly Subject[],
  steps: readonly Step[],
): Promise<{ readonly steps: readonly Step[]; readonly difference: Difference } | undefined> {
  let difference = await compare(subjects, steps)
  if (difference === undefined) return undefined
  let left = steps
  for (let size = left.length >> 1; size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let start = 0; start < left.length;) {
      const fewer = left.filter((_, at) => at < start || at >= start + size)
      const still = await compare(subjects, fewer)
      if (still === undefined) start += size
      else {
        left = fewer
        difference = still
      }
    }
  }
  return { steps: left, difference }
}

/** A report of a difference: the calls, and what each engine has answered. */
export function report(steps: readonly Step[], { step, answers }: Difference): string {
  const lines = steps.map((one) => {
    const marks = [
      one.isAwaited ? '' : 'not awaited',
      one.kind === 'load' ? one.pace : '',
      one.opens ? 'held loaders go on before it' : '',
      one.drops ? 'L1 emptied before it' : '',
    ].filter(Boolean)
    return `  ${one === step ? '>' : ' '} caller ${one.caller}: ${one.text}${marks.length > 0 ? `  // ${marks.join(', ')}` : ''}`
  })
  const told = Object.entries(answers).map(([name, answer]) => `    ${name}: ${answer}`)
  return [...lines, step === undefined ? '    the figures:' : '    the answers:', ...told].join('\n')
}
