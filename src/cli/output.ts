import { styleText } from 'node:util'
import Table from 'cli-table3'

/** A stream that text can be written to. */
export interface Sink {
  write(text: string): unknown
}

/** The surroundings of the program. */
export interface Surroundings {
  readonly out: Sink
  readonly err: Sink
  readonly env: Readonly<Record<string, string | undefined>>
  /** The version of the package. */
  readonly version: string
  /** Whether a person reads `out`: it is a terminal. */
  readonly isTerminal: boolean
  /** Whether a person sees `err` as it comes; default: as `isTerminal`. */
  readonly isErrTerminal?: boolean | undefined
  /** Aborts when the person ends a command that would go on. */
  readonly signal?: AbortSignal | undefined
  /** Asks a person a yes or no question; absent if nobody can answer. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined
}

/** A colour of words on a terminal. */
export type Colour = 'green' | 'yellow' | 'red' | 'cyan' | 'dim' | 'bold'

/** Writes results to `out` and notes to `err`: tables on a terminal, fields between tabs in a pipe, or JSON. */
export class Output {
  readonly #surroundings: Surroundings
  readonly isJson: boolean

  constructor(surroundings: Surroundings, isJson: boolean) {
    this.#surroundings = surroundings
    this.isJson = isJson
  }

  /** Whether a person reads the results. */
  get isTerminal(): boolean {
    return this.#surroundings.isTerminal && !this.isJson
  }

  /** Writes one JSON document, or one line of several. */
  json(value: unknown): void {
    this.#surroundings.out.write(`${JSON.stringify(value, plain)}\n`)
  }

  /** Writes a result as it is in a pipe, and without commands to the terminal there. */
  line(text: string): void {
    this.#surroundings.out.write(`${this.isTerminal ? harmless(text) : text}\n`)
  }

  /** Writes a line for the person, which is no result. */
  note(text: string): void {
    this.#surroundings.err.write(`${harmless(text)}\n`)
  }

  /** Writes a line that begins with a word in a colour. */
  marked(colour: Colour, word: string, text: string): void {
    this.#surroundings.out.write(`${this.coloured(colour, word)}${oneLine(text)}\n`)
  }

  /** Replaces the line of progress. Without a terminal it writes nothing. */
  progress(text: string): void {
    const { err, isErrTerminal = true } = this.#surroundings
    if (this.isTerminal && isErrTerminal) err.write(`\r\u001B[K${text}`)
  }

  /** Writes rows below a head: a table on a terminal, fields between tabs without the head elsewhere. */
  table(
    head: readonly string[],
    rows: readonly (readonly string[])[],
    numbers: readonly number[] = [],
  ): void {
    if (!this.isTerminal) {
      for (const row of rows) this.line(row.map(oneLine).join('\t'))
      return
    }
    const table = new Table({
      head: head.map((text) => this.coloured('bold', text)),
      colAligns: head.map((_, index) => (numbers.includes(index) ? 'right' : 'left')),
      chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
      style: { head: [], border: [] },
    })
    table.push(...rows.map((row) => row.map(oneLine)))
    this.#surroundings.out.write(`${table.toString()}\n`)
  }

  /** Returns a text in a colour, if the results go to a terminal that shows colours. */
  coloured(colour: Colour, text: string): string {
    return this.#hasColours ? styleText(colour, text) : text
  }

  get #hasColours(): boolean {
    const { NO_COLOR, FORCE_COLOR } = this.#surroundings.env
    if (NO_COLOR !== undefined && NO_COLOR !== '') return false
    if (FORCE_COLOR !== undefined && FORCE_COLOR !== '0') return !this.isJson
    return this.isTerminal
  }
}

// Control characters of a key or a value must not reach the terminal as commands.
function oneLine(text: string): string {
  return text.replaceAll(
    // oxlint-disable-next-line no-control-regex
    /[\u0000-\u001F\u007F-\u009F]/g,
    (char) => `\\x${char.codePointAt(0)!.toString(16).padStart(2, '0')}`,
  )
}

// The same for a text of several lines.
function harmless(text: string): string {
  return text.replaceAll(/[^\n\t]+/g, oneLine)
}

// A time without an end. Cached values have their form already.
function plain(_name: string, value: unknown): unknown {
  return value === Infinity ? 'never' : value
}

/** Returns seconds as a person writes them: `45 s`, `12 min`, `3.5 h`, `2 d`, `never`. */
export function spanText(seconds: number | undefined): string {
  if (seconds === undefined) return ''
  if (seconds === Infinity) return 'never'
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 360) / 10} h`
  return `${Math.round(seconds / 86_400)} d`
}

/** Returns a number of bytes as a person writes it: `512 B`, `3.1 kB`, `2.5 MB`. */
export function bytesText(bytes: number | undefined): string {
  if (bytes === undefined) return ''
  if (bytes < 1000) return `${bytes} B`
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`
  if (bytes < 1_000_000_000) return `${(bytes / 1_000_000).toFixed(1)} MB`
  return `${(bytes / 1_000_000_000).toFixed(1)} GB`
}
