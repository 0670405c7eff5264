/** CPU time of this process in microseconds, user and system, garbage collection included. */
function cpuUs() {
  const { user, system } = process.cpuUsage()
  return user + system
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]

/** Microseconds of CPU that `calls` calls take, each with an argument of its own that was made before. */
function time(call, make, calls) {
  const args = Array.from({ length: calls }, make)
  const start = cpuUs()
  for (let index = 0; index < calls; index++) call(args[index])
  return (cpuUs() - start) / calls
}

/**
 * Measures calls against each other: in every round each runs once for about `roundUs` (more for slow ones), in
 * turning order, on fresh arguments. Answers the median time of each and the median over the rounds of its ratio to
 * the first. The machine may be busy: what slows one round down slows down all of it.
 */
export function compare(calls, { rounds = 31, roundUs = 4_000 } = {}) {
  const names = Object.keys(calls)
  const counts = {}
  for (const name of names) {
    const { call, make } = calls[name]
    for (let warm = 0; warm < 3; warm++) time(call, make, 20)
    counts[name] = Math.max(2, Math.min(20_000, Math.ceil(roundUs / Math.max(time(call, make, 20), 0.1))))
  }
  const times = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (let place = 0; place < names.length; place++) {
      const name = names[(round + place) % names.length]
      times[name].push(time(calls[name].call, calls[name].make, counts[name]))
    }
  }
  const base = times[names[0]]
  return Object.fromEntries(
    names.map((name) => [
      name,
      { us: median(times[name]), ratio: median(times[name].map((us, round) => us / base[round])) },
    ]),
  )
}
