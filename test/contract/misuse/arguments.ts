// The positions of a call's arguments, one or more of which get a wrong value.

/** Gives the arguments of a call: the usual ones, except those that are wrong in this run. */
export class Arguments {
  /** The names of all positions that the call has asked for. */
  readonly names: string[] = []
  readonly #wrong: ReadonlyMap<string, () => unknown>

  /** `wrong` is the wrong values by position. */
  constructor(wrong: ReadonlyMap<string, () => unknown> = new Map()) {
    this.#wrong = wrong
  }

  /** Returns the argument of a position. The type is that of the usual one, because a wrong one has any. */
  at<T>(name: string, usual: T): T {
    this.names.push(name)
    const wrong = this.#wrong.get(name)
    return wrong === undefined ? usual : (wrong() as T)
  }

  /** Returns an object of options, each of which is a position of its own. One of `undefined` is absent. */
  options<T extends object>(name: string, usual: T): T {
    const members = Object.entries(usual).map(
      ([member, value]) => [member, this.at<unknown>(`${name}.${member}`, value)] as const,
    )
    const given = Object.fromEntries(members.filter(([, value]) => value !== undefined)) as T
    return this.at(name, given)
  }
}

/** Returns an object that names options and gives none of them. */
export function none<T extends object>(names: readonly string[]): T {
  return Object.fromEntries(names.map((name) => [name, undefined])) as T
}
