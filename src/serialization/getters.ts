/** How many objects of a large value are looked at for getters: a look at each costs as much as writing them. */
export const CHECKED_OBJECTS = 8
/** Elements of an array that are all looked at; of a longer one, the first and the last. */
const FEW_ELEMENTS = 8

/** Whether a part of the object is what a getter answers, so that it may be another at the next look. */
export function hasGetters(value: object): boolean {
  if (!Array.isArray(value)) {
    for (const name in value) if (isGetter(value, name)) return true
    return false
  }
  const { length } = value
  if (length > FEW_ELEMENTS) return isGetter(value, 0) || isGetter(value, length - 1)
  for (let index = 0; index < length; index++) if (isGetter(value, index)) return true
  return false
}

function isGetter(value: object, name: string | number): boolean {
  return Object.getOwnPropertyDescriptor(value, name)?.get !== undefined
}

/** The elements alone, holes included, each read once. */
export function elementsOf(value: readonly unknown[]): unknown[] {
  const copy: unknown[] = []
  copy.length = value.length
  for (let index = 0; index < value.length; index++) if (index in value) copy[index] = value[index]
  return copy
}
