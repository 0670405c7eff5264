// Values that are wrong almost everywhere: of another kind, out of range, or hostile. A password is among them.

/** No error, log line or unhandled rejection may quote it. */
export const PASSWORD = 'hunter2-s3cret'

/** The message of errors that come from the values themselves. */
export const HOSTILE = 'hostile'

const hostile = (): never => {
  throw new Error(HOSTILE)
}
const TRAPS: ProxyHandler<object> = {
  get: hostile,
  has: hostile,
  ownKeys: hostile,
  getPrototypeOf: hostile,
  getOwnPropertyDescriptor: hostile,
}
const circle: unknown[] = []
circle.push(circle)

class Stranger {
  readonly password = PASSWORD
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

/** Makes each of them anew, because a call may change its arguments. */
export const WRONG: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => NaN,
  () => Infinity,
  () => 2 ** 60,
  () => 0.5,
  () => 5n,
  () => '',
  () => '!reserved',
  () => '__proto__',
  () => 'constructor',
  () => '\uD800',
  () => '{',
  () => 'x'.repeat(5000),
  () => `http://user:${PASSWORD}@host:6379`,
  () => `user:${PASSWORD}@host`,
  () => Symbol(PASSWORD.slice(0, 3)),
  () => hostile,
  () => Stranger,
  () => new Proxy(() => 1, { ...TRAPS, apply: hostile }),
  () => [],
  () => [1, [2]],
  () => ['', null, {}],
  () => circle,
  () => ({}),
  () => ({ password: PASSWORD }),
  () => ({ ttl: { password: PASSWORD } }),
  () => ({ ttl: PASSWORD.length * -1 }),
  () => ({ tags: [{}] }),
  () => ({ signal: 5 }),
  () => ({
    get ttl(): never {
      return hostile()
    },
  }),
  () => ({ [Symbol.iterator]: hostile }),
  () => ({ toString: hostile, valueOf: hostile, toJSON: hostile }),
  () => new Proxy({}, TRAPS),
  () => new Proxy([], TRAPS),
  () => revoked({}),
  () => revoked([]),
  () => Object.create(null) as unknown,
  () => new Date(NaN),
  () => new Map([[{}, 1]]),
  () => new Set([Symbol('s')]),
  () => /x/,
  () => new Error(PASSWORD),
  () => Promise.resolve(5),
  () => new Uint8Array(3),
  () => new Stranger(),
  () => new WeakMap(),
]

/** Wrong where a secret may be expected. Anywhere else a text is shown as it is. */
export const SECRET: readonly (() => unknown)[] = [() => PASSWORD, () => [PASSWORD]]
