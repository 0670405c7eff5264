import { bad, fine, type Check } from './finding.ts'

const ROUNDS = 10
/** The default deadline of a command is 500 ms. A server that takes a tenth of it has no room for a busy moment. */
const SLOW_MS = 50

/** Checks the round trip to the server. */
export const checkLatency: Check = async (server) => {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now()
    await server.run('PING')
    times.push(performance.now() - began)
  }
  times.sort((a, b) => a - b)
  const median = times[ROUNDS / 2]!
  const text = `${median.toFixed(1)} ms, at most ${times.at(-1)!.toFixed(1)} ms`
  if (median <= SLOW_MS) return [fine('round trip', text)]
  const remedy = 'put the server nearer, look for a slow command (SLOWLOG GET), or raise deadline: { hard }'
  return [bad('problem', 'round trip', text, remedy)]
}
