/** Sets an own property even where the name is `__proto__`, which an assignment would take for the prototype. */
export function setOwn(target: object, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: true })
  } else {
    ;(target as Record<string, unknown>)[name] = value
  }
}

/**
 * Whether `for in` over a plain object visits its own properties only. Somebody may have added enumerable
 * properties to Object.prototype; then the walks take the slower, exact way.
 */
export function isPristine(): boolean {
  for (const _name in Object.prototype) return false
  return true
}
