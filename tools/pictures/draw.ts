import { COLOURS, type Bar, type Scene } from './scene.ts'

const WIDTH = 760
const LEFT = 190
const RIGHT = 20
const TOP = 40
const ROW = 38
const BAR = 18
/** The width of a character of the labels, roughly. */
const CHARACTER = 6

/** Draws a scene as SVG. Equal scenes have equal pictures. */
export function draw({ title, lanes, end, tick, unit, bars, marks }: Scene): string {
  const bottom = TOP + lanes.length * ROW
  const x = (value: number): number => round(LEFT + (value / end) * (WIDTH - LEFT - RIGHT))
  const y = (lane: string): number => {
    const row = lanes.indexOf(lane)
    if (row < 0) throw new Error(`"${title}" has no lane "${lane}"`)
    return TOP + row * ROW
  }
  const ticks = Array.from({ length: Math.floor(end / tick) + 1 }, (_, index) => index * tick)
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 28}" font-family="sans-serif" font-size="11" role="img">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${WIDTH}" height="${bottom + 28}" rx="6" fill="#ffffff"/>`,
    text(12, 20, title, 'start', 'bold'),
    ...ticks.flatMap((value) => [
      `<line x1="${x(value)}" y1="${TOP - 6}" x2="${x(value)}" y2="${bottom}" stroke="#e6e6e6"/>`,
      text(x(value), bottom + 16, unit(value), 'middle'),
    ]),
    ...lanes.map((lane) => text(LEFT - 10, y(lane) + 19, lane, 'end')),
    ...bars.map((bar) => drawBar(bar, y(bar.lane) + 6, x(bar.from), x(Math.min(bar.to, end)))),
    ...marks.flatMap(({ lane, at, label }) => [
      `<path d="M${x(at) - 5} ${y(lane) + 1}h10l-5 8z" fill="#222222"/>`,
      text(x(at) + 8, y(lane) + 3, label, x(at) > WIDTH - 160 ? 'end' : 'start'),
    ]),
    '</svg>',
  ]
  return `${parts.filter((part) => part !== '').join('\n')}\n`
}

function drawBar({ colour, label }: Bar, top: number, from: number, to: number): string {
  const width = round(Math.max(to - from - 1, 1))
  const rect = `<rect x="${from}" y="${top}" width="${width}" height="${BAR}" rx="2" fill="${COLOURS[colour]}"/>`
  if (label === '') return rect
  const isInside = label.length * CHARACTER < width
  const isDark = isInside && colour !== 'wait' && colour !== 'stale'
  return `${rect}\n${text(isInside ? from + 5 : round(to + 3), top + 13, label, 'start', 'normal', isDark ? '#ffffff' : '#222222')}`
}

function text(
  x: number,
  y: number,
  content: string,
  anchor: string,
  weight: string = 'normal',
  fill: string = '#222222',
): string {
  const bold = weight === 'normal' ? '' : ` font-weight="${weight}"`
  return `<text x="${x}" y="${y}" text-anchor="${anchor}"${bold} fill="${fill}">${escape(content)}</text>`
}

const escape = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const round = (value: number): number => Math.round(value * 10) / 10
