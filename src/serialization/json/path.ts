/**
 * A step from a value to a part of it: the name of a property, the index of an element, or a call. A call is in
 * brackets of its own, so that it can't be taken for a name. It has the index of an entry, and for values of a Map the
 * key.
 */
export type Step = string | number | readonly [call: string, index?: number, key?: unknown]

const longestPath = 500
const plainName = /^[A-Za-z_$][\w$]*$/

/** Writes a path as code would: `$.items[3].save`, `$["odd name"]`, `$.index.get("a")`. */
export function formatPath(steps: readonly Step[]): string {
  const text = `$${steps.map(formatStep).join('')}`
  if (text.length <= longestPath) return text
  return `${text.slice(0, longestPath / 2)} … ${text.slice(-longestPath / 2)}`
}

function formatStep(step: Step): string {
  if (typeof step === 'number') return `[${step}]`
  if (typeof step === 'string') return plainName.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`
  const [call, index, key] = step
  if (typeof key === 'string' || typeof key === 'number') return `.get(${JSON.stringify(key)})`
  return index === undefined ? call : `${call}[${index}]`
}
