import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { PARTS } from './budgets.ts'
import type { Line } from './verdicts.ts'

const README = resolve(import.meta.dirname, '../README.md')
const PLACE = /(<!-- missed budgets -->\n)[^]*?(<!-- end -->)/

/** Names the missed budgets in the README, each with its figure, its bound and its reason. */
export function nameMissed(lines: readonly Line[]): void {
  if (PARTS.some(({ name }) => lines.every(({ part }) => part !== name)))
    throw new Error('--readme: a whole run is needed, or --after with the figures of the other parts')
  const readme = readFileSync(README, 'utf8')
  if (!PLACE.test(readme)) throw new Error('README.md has no place for missed budgets')
  writeFileSync(
    README,
    readme.replace(PLACE, (_, begin: string, end: string) => begin + textOf(lines) + end),
  )
}

/** Returns the sentence about the missed budgets. @throws Error if one of them has no reason in budgets.ts */
export function textOf(lines: readonly Line[]): string {
  const missed = lines.filter(({ verdict }) => verdict !== 'met')
  const met = `\`npm run bench\` met ${lines.length - missed.length} of ${lines.length} budgets`
  if (missed.length === 0) return `${met}.\n`
  const reasons = new Map<string, string[]>()
  for (const { budget, measured, bound } of missed) {
    const reason = PARTS.flatMap(({ budgets }) => budgets).find(({ figure }) => figure === budget)?.reason
    if (reason === undefined) throw new Error(`the budget "${budget}" is missed without a reason`)
    const figures = reasons.get(reason) ?? []
    reasons.set(reason, [
      ...figures,
      `${budget}: ${measured?.toLocaleString('en') ?? 'not measured'} (${bound})`,
    ])
  }
  const named = [...reasons].map(([reason, figures]) => `${figures.join('; ')}. ${reason}`)
  return `${met}. Missed: ${named.join(' ')}\n`
}
