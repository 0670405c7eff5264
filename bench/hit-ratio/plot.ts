/** Hit ratio over size, one point a size. */
export interface Curve {
  readonly label: string
  readonly points: readonly (readonly [size: number, ratio: number])[]
}

export interface Panel {
  readonly title: string
  readonly curves: readonly Curve[]
}

const COLOURS = ['#9a9a9a', '#d98c2b', '#3c8f5a', '#2457c5']
const WIDTH = 300
const HEIGHT = 190
const LEFT = 44
const TOP = 34
const GAP_X = 60
const GAP_Y = 76
const COLUMNS = 3

/** Draws small multiples, one for each trace: sizes on a logarithmic scale, hit ratios in percent. */
export function plot(title: string, panels: readonly Panel[]): string {
  const rows = Math.ceil(panels.length / COLUMNS)
  const width = LEFT + COLUMNS * (WIDTH + GAP_X)
  const height = TOP + 40 + rows * (HEIGHT + GAP_Y)
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<text x="${LEFT}" y="22" font-size="16" font-weight="bold">${title}</text>`,
  ]
  panels[0]?.curves.forEach(({ label }, i) => {
    const x = LEFT + 520 + i * 130
    parts.push(
      `<line x1="${x}" y1="18" x2="${x + 24}" y2="18" stroke="${COLOURS[i]}" stroke-width="3"/>`,
      `<text x="${x + 30}" y="22">${label}</text>`,
    )
  })
  panels.forEach((panel, i) => {
    const x = LEFT + (i % COLUMNS) * (WIDTH + GAP_X)
    const y = TOP + 40 + Math.floor(i / COLUMNS) * (HEIGHT + GAP_Y)
    parts.push(`<g transform="translate(${x} ${y})">`, ...panelParts(panel), '</g>')
  })
  return [...parts, '</svg>', ''].join('\n')
}

function panelParts({ title, curves }: Panel): string[] {
  const sizes = curves.flatMap(({ points }) => points.map(([size]) => size))
  const ratios = curves.flatMap(({ points }) => points.map(([, ratio]) => ratio * 100))
  const from = Math.log(Math.min(...sizes))
  const to = Math.log(Math.max(...sizes))
  const lowest = Math.floor(Math.min(...ratios) / 10) * 10
  const highest = Math.ceil(Math.max(...ratios) / 10) * 10
  const x = (size: number) => (to === from ? WIDTH / 2 : ((Math.log(size) - from) / (to - from)) * WIDTH)
  const y = (percent: number) => HEIGHT - ((percent - lowest) / (highest - lowest)) * HEIGHT
  const parts = [`<text x="0" y="-8" font-weight="bold">${title}</text>`]
  for (let i = 0; i <= 4; i++) {
    const percent = lowest + ((highest - lowest) * i) / 4
    parts.push(
      `<line x1="0" x2="${WIDTH}" y1="${round(y(percent))}" y2="${round(y(percent))}" stroke="#e4e4e4"/>`,
      `<text x="-6" y="${round(y(percent) + 4)}" text-anchor="end" fill="#555">${round(percent)}%</text>`,
    )
  }
  for (const size of new Set([Math.min(...sizes), Math.max(...sizes)])) {
    parts.push(
      `<text x="${round(x(size))}" y="${HEIGHT + 18}" text-anchor="middle" fill="#555">${size}</text>`,
    )
  }
  parts.push(`<text x="${WIDTH / 2}" y="${HEIGHT + 18}" text-anchor="middle" fill="#555">entries</text>`)
  curves.forEach(({ points }, i) => {
    const path = points.map(([size, ratio]) => `${round(x(size))},${round(y(ratio * 100))}`).join(' ')
    const weight = i === curves.length - 1 ? 2.5 : 1.5
    parts.push(`<polyline points="${path}" fill="none" stroke="${COLOURS[i]}" stroke-width="${weight}"/>`)
    for (const [size, ratio] of points) {
      parts.push(`<circle cx="${round(x(size))}" cy="${round(y(ratio * 100))}" r="2" fill="${COLOURS[i]}"/>`)
    }
  })
  return parts
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
