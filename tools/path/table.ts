import type { Step } from './steps.ts'

const PLACE = /(<!-- path: begin -->\n)[^]*?(<!-- path: end -->)/
const ROW = /^\| \[(.+?)\]\(/gm

/** Returns the page with the table of the path. */
export function table(
  page: string,
  steps: readonly Step[],
  seconds: readonly number[],
  machine: string,
): string {
  if (!PLACE.test(page)) throw new Error('docs/start.md has no place for the path')
  const rows = steps.map(
    ({ name, page: link, installs }, at) =>
      `| [${name}](${link.replace(/^start\.md/, '')}) | ${installs.map((one) => `\`${one}\``).join(', ')} | ${seconds[at]!.toFixed(1)} |`,
  )
  const all = seconds.reduce((sum, one) => sum + one, 0)
  const lines = [
    '',
    '| step | installs | seconds |',
    '|---|---|---:|',
    ...rows,
    `| **all of it** | | **${all.toFixed(1)}** |`,
    '',
    `Measured on ${machine}.`,
    '',
  ]
  return page.replace(PLACE, (_, begin: string, end: string) => `${begin}${lines.join('\n')}\n${end}`)
}

/** Returns the steps that the table of the page has, in its order. */
export function stepsIn(page: string): readonly string[] {
  const [place = ''] = PLACE.exec(page) ?? []
  return Array.from(place.matchAll(ROW), ([, name]) => name!)
}
