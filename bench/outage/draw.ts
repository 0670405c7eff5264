import { BACK_AT_MS, BUCKET_MS, DIES_AT_MS, LASTS_MS, type Outcome } from './outage.ts'

const WIDTH = 760
const LEFT = 120
const ROW = 92
const BARS = 56
const TOP = 44
const COLOURS = { fresh: '#4c9f70', stale: '#e3b341', failed: '#d1495b' } as const

/** Draws a picture with a row for each way, which shows the results of the requests of each half second. */
export function draw(outcomes: readonly Outcome[]): string {
  const height = TOP + outcomes.length * ROW + 24
  const x = (ms: number): number => LEFT + (ms / LASTS_MS) * (WIDTH - LEFT - 16)
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<rect x="${x(DIES_AT_MS)}" y="${TOP - 8}" width="${x(BACK_AT_MS) - x(DIES_AT_MS)}" height="${outcomes.length * ROW}" fill="#eeeeee"/>`,
    text(x((DIES_AT_MS + BACK_AT_MS) / 2), TOP - 14, 'the database is dead', 'middle'),
    ...legend(),
    ...outcomes.flatMap((outcome, row) => drawRow(outcome, TOP + row * ROW, x)),
    ...[0, 10, 20, 30, 40].map((seconds) => text(x(seconds * 1000), height - 8, `${seconds} s`, 'middle')),
    '</svg>',
  ]
  return `${parts.join('\n')}\n`
}

function legend(): string[] {
  return Object.entries(COLOURS).flatMap(([kind, colour], index) => [
    `<rect x="${8 + index * 72}" y="8" width="10" height="10" fill="${colour}"/>`,
    text(22 + index * 72, 17, kind, 'start'),
  ])
}

function drawRow({ name, buckets, slowestMs }: Outcome, top: number, x: (ms: number) => number): string[] {
  const width = x(BUCKET_MS) - x(0) - 0.8
  const bars = buckets.flatMap((bucket, index) => {
    const all = bucket.fresh + bucket.stale + bucket.failed
    let bottom = top + BARS
    return (['fresh', 'stale', 'failed'] as const).flatMap((kind) => {
      const height = (bucket[kind] / all) * BARS
      bottom -= height
      if (height === 0) return []
      return [
        `<rect x="${round(x(index * BUCKET_MS))}" y="${round(bottom)}" width="${round(width)}" height="${round(height)}" fill="${COLOURS[kind]}"/>`,
      ]
    })
  })
  return [
    text(8, top + 24, name, 'start', 'bold'),
    text(8, top + 42, `slowest ${slowestMs} ms`, 'start'),
    ...bars,
    `<line x1="${LEFT}" y1="${top + BARS}" x2="${WIDTH - 16}" y2="${top + BARS}" stroke="#999999"/>`,
  ]
}

function text(x: number, y: number, content: string, anchor: string, weight = 'normal'): string {
  return `<text x="${round(x)}" y="${y}" text-anchor="${anchor}" font-weight="${weight}" fill="#222222">${content}</text>`
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
