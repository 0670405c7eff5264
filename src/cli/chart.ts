/** A line of a chart: hit ratios over sizes. */
export interface Line {
  readonly label: string
  readonly points: readonly (readonly [size: number, ratio: number])[]
}

const COLOURS = ['#2457c5', '#d98c2b']
const WIDTH = 560
const HEIGHT = 280
const LEFT = 56
const TOP = 56
const STEPS = 5

/** Returns a picture of hit ratios as SVG, with the sizes on a logarithmic scale. */
export function chartOf(title: string, lines: readonly Line[]): string {
  const { x, y, sizes, percents } = scalesOf(lines)
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + WIDTH + 24} ${TOP + HEIGHT + 52}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    '<rect width="100%" height="100%" fill="white"/>',
    text(LEFT, 22, escaped(title), 'font-size="15" font-weight="bold"'),
  ]
  for (const percent of percents)
    parts.push(
      `<line x1="${LEFT}" x2="${LEFT + WIDTH}" y1="${y(percent)}" y2="${y(percent)}" stroke="#e4e4e4"/>`,
      text(LEFT - 6, y(percent) + 4, `${percent} %`, 'text-anchor="end" fill="#555"'),
    )
  let free = -Infinity
  for (const size of sizes) {
    // Labels of sizes that are close together would overlap.
    if (x(size) < free) continue
    free = x(size) + 12 + 8 * String(size).length
    parts.push(text(x(size), TOP + HEIGHT + 18, String(size), 'text-anchor="middle" fill="#555"'))
  }
  parts.push(text(LEFT + WIDTH / 2, TOP + HEIGHT + 40, 'entries', 'text-anchor="middle" fill="#555"'))
  for (const [index, { label, points }] of lines.entries()) {
    const colour = COLOURS[index % COLOURS.length]!
    const dots = points.map(([size, ratio]) => [x(size), y(100 * ratio)] as const)
    parts.push(
      `<polyline points="${dots.map(([left, top]) => `${left},${top}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...dots.map(([left, top]) => `<circle cx="${left}" cy="${top}" r="3" fill="${colour}"/>`),
      `<rect x="${LEFT + index * 120}" y="32" width="18" height="4" fill="${colour}"/>`,
      text(LEFT + index * 120 + 24, 38, escaped(label), ''),
    )
  }
  return `${parts.join('\n')}\n</svg>\n`
}

interface Scales {
  readonly x: (size: number) => number
  readonly y: (percent: number) => number
  readonly sizes: readonly number[]
  readonly percents: readonly number[]
}

function scalesOf(lines: readonly Line[]): Scales {
  const all = lines.flatMap(({ points }) => points)
  const sizes = [...new Set(all.map(([size]) => size))].toSorted((a, b) => a - b)
  const ratios = all.map(([, ratio]) => 100 * ratio)
  const lowest = Math.floor(Math.min(...ratios) / 10) * 10
  const step = Math.max(1, Math.ceil((Math.ceil(Math.max(...ratios) / 10) * 10 - lowest) / STEPS))
  const [from, to] = [Math.log(sizes[0]!), Math.log(sizes.at(-1)!)]
  return {
    x: (size) => rounded(LEFT + (to === from ? WIDTH / 2 : ((Math.log(size) - from) / (to - from)) * WIDTH)),
    y: (percent) => rounded(TOP + HEIGHT * (1 - (percent - lowest) / (step * STEPS))),
    sizes,
    percents: Array.from({ length: STEPS + 1 }, (_, index) => lowest + step * index),
  }
}

function text(left: number, top: number, words: string, attributes: string): string {
  return `<text x="${left}" y="${top}" ${attributes}>${words}</text>`
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
