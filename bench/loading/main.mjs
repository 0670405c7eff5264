// The cost of a read-through: a hit of getOrSet against get, and a miss against the plainest single flight, a Map of
// promises. CPU time on the built package, in rounds that take turns; the median over rounds.
import { MemoryCache } from '../../dist/index.mjs'

const ROUNDS = 21
const COUNT = 50_000
const KEYS = Array.from({ length: COUNT }, (_, index) => `key:${index}`)
const load = async () => 1

const cache = new MemoryCache({ maxEntries: COUNT })

// The plainest single flight that there is, in front of a Map of values.
const values = new Map()
const flights = new Map()
async function plain(key) {
  const value = values.get(key)
  if (value !== undefined) return value
  let flight = flights.get(key)
  if (flight === undefined) {
    flight = fly(key)
    flights.set(key, flight)
  }
  return flight
}
async function fly(key) {
  try {
    const value = await load()
    values.set(key, value)
    return value
  } finally {
    flights.delete(key)
  }
}

const hits = {
  get: (key) => cache.get(key),
  getOrSet: (key) => cache.getOrSet(key, load),
  "getOrSet with '30m'": (key) => cache.getOrSet(key, load, '30m'),
}
const misses = {
  'a Map of promises': (key) => plain(key),
  getOrSet: (key) => cache.getOrSet(key, load),
}

async function measure(subjects, prepare) {
  const samples = new Map(Object.keys(subjects).map((name) => [name, []]))
  for (let round = -5; round < ROUNDS; round++) {
    for (const [name, step] of Object.entries(subjects)) {
      await prepare()
      // Detection of recursive loads is on until the turn ends; the next measurement must not pay for it.
      await new Promise(setImmediate)
      const before = process.cpuUsage()
      for (const key of KEYS) await step(key)
      const { user, system } = process.cpuUsage(before)
      if (round >= 0) samples.get(name).push(((user + system) * 1000) / COUNT)
    }
  }
  return [...samples].map(([name, all]) => [name, all.toSorted((a, b) => a - b)[ROUNDS >> 1]])
}

function report(title, measured) {
  const base = measured[0][1]
  console.log(title)
  for (const [name, ns] of measured)
    console.log(`  ${name.padEnd(20)} ${ns.toFixed(0).padStart(6)} ns  ${(ns / base).toFixed(2)}x`)
}

for (const key of KEYS) await cache.set(key, 1)
report('a hit', await measure(hits, () => {}))
report(
  'a miss',
  await measure(misses, async () => {
    values.clear()
    await cache.clear()
  }),
)
