// The parts that several scripts of locks share. The state of a lock is a hash. 'f': the last fencing number. 't': the
// last ticket. 'h' and a token: a holding, with its end and its fencing number. 'w' and a token: a place in the queue,
// with its ticket and the time until which it is kept.

/** The milliseconds for which the last fencing number is kept after the last holding has ended. */
export const FENCE_KEPT_MS = 600_000

/** The time of the server in milliseconds (`now`) and in microseconds (`nowUs`). */
export const time = `
local clock = redis.call('TIME')
local nowUs = clock[1] * 1000000 + clock[2]
local now = math.floor(nowUs / 1000)
`
