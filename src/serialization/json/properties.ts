/** Sets an own property, even with the name `__proto__`, which an assignment would take for the prototype. */
export function setOwn(target: object, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: true })
  } else {
    ;(target as Record<string, unknown>)[name] = value
  }
}

/**
 * Whether `for in` over a plain object visits only its own properties. If enumerable properties were added to
 * Object.prototype, the walks take the slower, exact way.
 */
export function isPristine(): boolean {
  for (const _name in Object.prototype) return false
  return true
}
