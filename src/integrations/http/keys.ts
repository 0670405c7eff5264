import { textKey } from '../shared/text-key.ts'
import type { Selecting } from './stored-response.ts'

/** The keys and the tag of a resource. */
export class ResourceKeys {
  /** The key of the first response, which tells by which headers the others differ. */
  readonly first: string
  /** The key that counts the others. */
  readonly count: string
  /** The tag of the others. */
  readonly tag: string
  readonly #text: string

  constructor(text: string, namespace: string) {
    this.#text = text
    this.first = textKey(`r:${text}`)
    this.count = textKey(`n:${text}`)
    this.tag = textKey(`${namespace}:url:${text}`)
  }

  /** Returns the key of the response for these values of headers. */
  variant(selecting: readonly Selecting[]): string {
    return textKey(`v:${JSON.stringify([this.#text, selecting])}`)
  }
}

/** Returns the text that names the resource of a URL. */
export function nameOf(url: string): string {
  const end = url.indexOf('#')
  return end === -1 ? url : url.slice(0, end)
}
