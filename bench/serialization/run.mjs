// npm run bench:serialization: the cost of writing and reading, in CPU time, against JSON and other formats.
// One run on one machine; only the ratios mean something. `--own` leaves the other formats out.
import { admit, copy } from '../../src/serialization/clone.ts'
import { figure } from '../figures.ts'
import { formats } from './formats.mjs'
import { compare } from './measure.mjs'
import { buffer, deepTree, list, page, pageWithDates, smallObject } from './values.mjs'

const newNode = Number.parseInt(process.versions.node, 10) >= 24
const own = process.argv.includes('--own')
const chosen = own ? { JSON: formats.JSON, cachette: formats.cachette } : formats

// The budgets of the design, as multiples of plain JSON in the same run.
const cases = [
  { make: smallObject, write: 1.15, read: 1.05 },
  { make: page, write: 1.15, read: 1.05 },
  { make: pageWithDates, write: 1.4, read: 1.5 },
  { make: list, write: 1.15, read: 1.05 },
  { make: deepTree, write: newNode ? 1.5 : 1.35, read: 1.05 },
]

const at = process.argv.indexOf('--rounds')
const given = at < 0 ? undefined : Number(process.argv[at + 1])

let over = 0

function verdict(ratio, budget) {
  if (budget === undefined) return ''
  if (ratio > budget) over++
  return ratio > budget ? ` OVER ${budget}` : ` ok (${budget})`
}

function show(title, rows, budget) {
  console.log(`\n${title}`)
  for (const [name, { us, ratio, bytes }] of Object.entries(rows)) {
    const judged = name === 'cachette' ? verdict(ratio, budget) : ''
    if (name === 'cachette')
      figure(title.includes('Buffer') ? '100 KB Buffer: write, in copies' : `${title}, in JSON`, ratio)
    const size = bytes === undefined ? '' : `${bytes} bytes`.padStart(16)
    console.log(
      `  ${name.padEnd(16)}${us.toFixed(2).padStart(10)} us  ${ratio.toFixed(2).padStart(6)}x${size}${judged}`,
    )
  }
}

console.log(`Node ${process.version}, CPU time, medians of interleaved rounds, ratios to the first line`)

for (const { make, write, read } of cases) {
  const value = make()
  const writes = {}
  const reads = {}
  const sizes = {}
  for (const [name, format] of Object.entries(chosen)) {
    const bytes = format.write(value)
    sizes[name] = bytes.length
    writes[name] = { call: format.write, make: () => value }
    reads[name] = { call: format.read, make: () => bytes }
  }
  // A quick operation needs more rounds, until the hundredths stand.
  const rounds = given ?? (make === list ? 31 : 101)
  const written = compare(writes, { rounds })
  for (const name of Object.keys(written)) written[name].bytes = sizes[name]
  show(`${make.name}: write`, written, write)
  show(`${make.name}: read`, compare(reads, { rounds }), read)
}

const bytes = buffer()
const buffers = { copy: { call: (value) => Buffer.from(value), make: () => bytes } }
for (const [format, { write }] of Object.entries(chosen)) buffers[format] = { call: write, make: () => bytes }
const writtenBuffers = compare(buffers)
for (const [format, { write }] of Object.entries(chosen)) writtenBuffers[format].bytes = write(bytes).length
show('100 KB Buffer: write, against a copy of it', writtenBuffers, 1.5)

const kilobyte = { ...smallObject(), bio: 'x'.repeat(400), orders: page().items.slice(0, 1) }
const { stored } = admit(kilobyte)
show(
  `object of ${JSON.stringify(kilobyte).length} bytes: private copy in memory`,
  compare({
    structuredClone: { call: (value) => structuredClone(value), make: () => kilobyte },
    cachette: { call: (value) => copy(value), make: () => stored },
    'JSON twice': { call: (value) => JSON.parse(JSON.stringify(value)), make: () => kilobyte },
  }),
  0.5,
)

console.log(over === 0 ? '\nAll within their budgets.' : `\n${over} over their budgets.`)
if (process.argv.includes('--check') && over > 0) process.exitCode = 1
