/** The most characters that are kept of a thrown value's text. */
const LONGEST_TEXT = 1000

/**
 * Returns the message of any thrown value, bounded in length. It never throws, although the value may be a Proxy, have
 * no prototype, or have a getter that throws.
 */
export function messageOf(thrown: unknown): string {
  return clipped(attempt(() => textOf(thrown)) ?? `a thrown ${typeof thrown} without a text`)
}

/** Returns the name and message of any thrown value, by the same rules. */
export function wordsOf(thrown: unknown): string {
  const name = attempt(() => (isObject(thrown) ? Reflect.get(thrown, 'name') : undefined))
  const message = messageOf(thrown)
  return typeof name === 'string' && name !== '' ? clipped(`${name.slice(0, 100)}: ${message}`) : message
}

/** Returns the result of the call, or `undefined` if it throws. */
function attempt<T>(call: () => T): T | undefined {
  try {
    return call()
  } catch {
    return undefined
  }
}

function textOf(thrown: unknown): string {
  if (!isObject(thrown)) return String(thrown)
  // An error is recognised by its message rather than its class, because another realm has other classes.
  const message: unknown = Reflect.get(thrown, 'message')
  // The tag is used rather than the text, because an array of a million elements has a text, too.
  return typeof message === 'string' ? message : Object.prototype.toString.call(thrown)
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function clipped(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT - 3)}...`.toWellFormed()
}
