import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { isList } from '../internal/objects.ts'
import { reading } from '../options/checks.ts'
import type { Method } from './method.ts'
import { Template, type Call } from './template.ts'

/** Fills the templates of a call: those known before its method runs, and those that need its result. */
export class Filler {
  readonly #before: readonly Template[]
  readonly #after: readonly Template[]
  readonly #function: Method | undefined
  readonly #where: string

  /** @throws OptionsError for anything but a list of templates, a function or nothing. */
  constructor(option: unknown, where: string) {
    const list = isList(option) ? reading(where, () => [...option]) : undefined
    if (option !== undefined && list === undefined && typeof option !== 'function')
      throw new OptionsError(`${where}: ${inspect(option)} is not a list of templates or a function`)
    this.#where = where
    this.#function = typeof option === 'function' ? (option as Method) : undefined
    const templates = (list ?? []).map((source) => new Template(source, where))
    this.#before = templates.filter(({ needsResult }) => !needsResult)
    this.#after = templates.filter(({ needsResult }) => needsResult)
  }

  /** Returns the texts known before the method runs, or with a result those that need it. */
  textsOf(call: Call): readonly string[] {
    if ('result' in call) return this.#after.map((template) => template.textFor(call))
    if (this.#function !== undefined) {
      const texts = this.#function.apply(call.self, [...call.args])
      if (isList(texts)) return texts as readonly string[]
      if (typeof texts === 'string') return [texts]
      if (texts === undefined) return []
      throw new OptionsError(`${this.#where}: answered ${inspect(texts)}, not a list of texts`)
    }
    return this.#before.map((template) => template.textFor(call))
  }

  /** Returns all texts of a call that has a result, by the arguments as the method has left them. */
  allTextsOf(call: Call & { readonly result: unknown }): readonly string[] {
    const { self, args } = call
    return [...this.textsOf({ self, args }), ...this.textsOf(call)]
  }
}
