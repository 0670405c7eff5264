// Returns what it is given, so that a class that extends it adds private fields to an object that exists.
function given(target: object): object {
  return target
}

const Given = given as unknown as new (target: object) => object

/** The mark of options with which a wrapped function makes a call, because its calls are counted apart. */
export class OfFunction extends Given {
  readonly #name: string

  private constructor(options: object, name: string) {
    super(options)
    this.#name = name
  }

  /** Marks the options with the name of the function. Code that copies, compares or checks them sees nothing of it. */
  static mark<T extends object>(options: T, name: string): T {
    return new OfFunction(options, name) as object as T
  }

  /** Returns the name of the wrapped function; `undefined` = none makes the call. It runs no code of the options. */
  static nameIn(options: object): string | undefined {
    return #name in options ? options.#name : undefined
  }
}
