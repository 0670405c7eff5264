/** The figures of a page in the text format of Prometheus. */
export interface Page {
  /** The types of metrics by name. */
  readonly types: ReadonlyMap<string, string>
  /** All lines with a figure. */
  readonly samples: readonly {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly value: number
  }[]
  /** Returns the figure with exactly these labels; `undefined` = there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([-+]?(?:Inf|NaN|[0-9.e+-]+))$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y

/** Reads a page by the grammar of the format. @throws for a page that is against it. */
export function parse(text: string): Page {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const types = new Map<string, string>()
  const helps = new Set<string>()
  const samples: { name: string; labels: Record<string, string>; value: number }[] = []
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, comment, about, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (comment === 'HELP') {
      if (helps.has(about!)) throw new Error(`two helps: ${line}`)
      helps.add(about!)
      continue
    }
    if (comment === 'TYPE') {
      if (types.has(about!)) throw new Error(`two types: ${line}`)
      types.set(about!, rest!)
      continue
    }
    const [, name, labels = '', value] = LINE.exec(line) ?? []
    if (name === undefined) throw new Error(`not a line of the format: ${line}`)
    const base = name.replace(/_(bucket|sum|count)$/, '')
    if (!types.has(name) && types.get(base) !== 'histogram') throw new Error(`no type: ${line}`)
    samples.push({ name, labels: labelsOf(labels), value: numberOf(value!) })
  }
  const ids = samples.map(({ name, labels }) => idOf(name, labels))
  if (new Set(ids).size < ids.length) throw new Error('two lines have the same labels')
  const byId = new Map(samples.map((sample, index) => [ids[index], sample.value]))
  return { types, samples, value: (name, labels = {}) => byId.get(idOf(name, labels)) }
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const at = LABEL.lastIndex
    const [, name, value] = LABEL.exec(text) ?? []
    if (name === undefined) throw new Error(`not a label: ${text.slice(at)}`)
    labels[name] = value!.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
  }
  return labels
}

function numberOf(text: string): number {
  return Number(text.replace('Inf', 'Infinity'))
}

function idOf(name: string, labels: Readonly<Record<string, string>>): string {
  return JSON.stringify([name, Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))])
}
