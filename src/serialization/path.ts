/**
 * A step from a value to a part of it: a property, the index of an element, or the text of a step that is
 * neither, in brackets of its own so that it can't be taken for the name of a property.
 */
export type Step = string | number | readonly [text: string]

const longestPath = 500
const plainName = /^[A-Za-z_$][\w$]*$/

/** A path as a reader of code would write it: `$.items[3].save`, `$["odd name"]`, `$.index.get("a")`. */
export function formatPath(steps: readonly Step[]): string {
  const text = `$${steps.map(formatStep).join('')}`
  if (text.length <= longestPath) return text
  return `${text.slice(0, longestPath / 2)} … ${text.slice(-longestPath / 2)}`
}

/** The step to the value of an entry of a Map. */
export function valueStep(key: unknown, index: number): Step {
  return [
    typeof key === 'string' || typeof key === 'number'
      ? `.get(${JSON.stringify(key)})`
      : `.values()[${index}]`,
  ]
}

function formatStep(step: Step): string {
  if (typeof step === 'number') return `[${step}]`
  if (typeof step !== 'string') return step[0]
  return plainName.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`
}
