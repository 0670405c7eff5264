import { readdirSync, readFileSync } from 'node:fs'
import { ABLATIONS } from '../../test/system/simulation/ablations/index.ts'

/** A history that is played step by step, as its test is named. */
export interface NamedHistory {
  readonly title: string
  readonly file: string
  /** The rules without which it goes wrong. */
  readonly needs: readonly string[]
}

const FOLDER = 'test/system/histories'
const ELSEWHERE = ['test/unit/coherence/tag-histories.test.ts']
const TITLE = /^ {0,2}(?:history|test|it)\(\s*(?:'((?:[^'\\]|\\.)+)'|"([^"]+)")/gm
const PLAY = /async \(stage\)/
// Rules of the table, as opposed to those that a history leaves out by itself.
const RULES = new Set(ABLATIONS.map(({ rule }) => rule))
const NAMES = /(rule: )?'([^']+)'/g

/** Returns the histories of the test folder. */
export function namedHistories(): readonly NamedHistory[] {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && name !== 'names.test.ts')
    .map((name) => `${FOLDER}/${name}`)
  return [...files, ...ELSEWHERE].toSorted().flatMap((file) => {
    const text = readFileSync(file, 'utf8')
    const found = [...text.matchAll(TITLE)]
    return found.map((match, index): NamedHistory => {
      const title = match[1]?.replaceAll("\\'", "'") ?? match[2]!
      const source = text.slice(match.index, found[index + 1]?.index)
      const options = source.slice(match[0].length, PLAY.exec(source)?.index ?? match[0].length)
      const needs = [...options.matchAll(NAMES)].flatMap(([, own, name]) =>
        own !== undefined || RULES.has(name!) ? [name!] : [],
      )
      return { title, file, needs }
    })
  })
}
