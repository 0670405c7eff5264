/**
 * The number of objects of a large value that are looked at for getters. A look at each costs as much as writing them.
 */
export const CHECKED_OBJECTS = 8
/** The length up to which all elements of an array are looked at. Of a longer one, only the first and the last are. */
const FEW_ELEMENTS = 8

/** Whether the object has a getter, whose answer may differ at the next look. */
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

/** Returns only the elements, holes included, each read once. */
export function elementsOf(value: readonly unknown[]): unknown[] {
  const copy: unknown[] = []
  copy.length = value.length
  for (let index = 0; index < value.length; index++) if (index in value) copy[index] = value[index]
  return copy
}
