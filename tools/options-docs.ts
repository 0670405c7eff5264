// Writes the table of docs/options.md from the docstrings of the options; `--check` fails if the page is another.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const project = join(import.meta.dirname, '..')
const page = join(project, 'docs/options.md')
const [BEGIN, END] = ['<!-- options: begin -->', '<!-- options: end -->']
/** The options that people need first, in the order of the README. */
const FIRST = ['redis', 'prefix', 'ttl', 'tags', 'grace', 'softTimeout', 'hardTimeout', 'l1.maxEntries']
/** The places that take options, with the type of each. */
const PLACES = {
  createCache: 'CreateCacheOptions',
  namespace: 'NamespaceOptions',
  get: 'ReadOptions',
  set: 'SetOptions',
  getOrSet: 'GetOrSetOptions',
  increment: 'CounterOptions',
} as const
/** The groups whose members are told one by one. */
const GROUPS = new Set(['l1', 'staleness', 'outage'])

interface Row {
  readonly name: string
  readonly text: string
  readonly places: Set<string>
}

const entry = join(project, 'src/index.ts')
const program = ts.createProgram([entry], {
  module: ts.ModuleKind.NodeNext,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  strict: true,
  noEmit: true,
  allowImportingTsExtensions: true,
})
const checker = program.getTypeChecker()
const exported = new Map(
  checker
    .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!)
    .map((symbol) => [symbol.name, symbol]),
)

const rows = new Map<string, Row>()
for (const [place, name] of Object.entries(PLACES)) {
  const symbol = exported.get(name)
  if (symbol === undefined) throw new Error(`src/index.ts exports no ${name}`)
  const of = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  collect(checker.getDeclaredTypeOfSymbol(of), place, '')
}

function collect(type: ts.Type, place: string, group: string): void {
  for (const member of checker.getPropertiesOfType(type)) {
    const name = group + member.name
    const inner = checker.getNonNullableType(checker.getTypeOfSymbol(member))
    const parts = (inner.isUnion() ? inner.types : [inner]).filter(
      (part) => part.flags & ts.TypeFlags.Object && part.getCallSignatures().length === 0,
    )
    if (group === '' && GROUPS.has(member.name) && parts.length > 0)
      for (const part of parts) collect(part, place, `${name}.`)
    const text = ts
      .displayPartsToString(member.getDocumentationComment(checker))
      .replaceAll(/\s+/g, ' ')
      .trim()
    if (text === '') throw new Error(`the option ${name} of ${place} has no docstring`)
    const row = rows.get(name) ?? { name, text, places: new Set() }
    row.places.add(place)
    rows.set(name, row)
  }
}

const cell = (text: string): string => text.replaceAll(/\{@link (\w+) ?\}/g, '`$1`').replaceAll('|', '\\|')
const line = ({ name, text, places }: Row): string =>
  `| \`${name}\` | ${cell(text)} | ${[...places].map((place) => `\`${place}\``).join(' ')} |`
const first = FIRST.map((name) => {
  const row = rows.get(name)
  if (row === undefined) throw new Error(`there is no option ${name}`)
  return row
})
const others = [...rows.values()]
  .filter(({ name }) => !FIRST.includes(name))
  .toSorted((a, b) => a.name.localeCompare(b.name))
const head = '| option | meaning, default | taken by |\n|---|---|---|'
const table = `${BEGIN}\n\n## The first eight\n\n${head}\n${first.map(line).join('\n')}\n\n## All others\n\n${head}\n${others.map(line).join('\n')}\n\n${END}`

const written = readFileSync(page, 'utf8')
const made = written.replace(new RegExp(`${BEGIN}[^]*${END}`), () => table)
if (!made.includes(table)) throw new Error(`docs/options.md lacks ${BEGIN} and ${END}`)
if (!process.argv.includes('--check')) writeFileSync(page, made)
else if (made !== written) {
  console.error('docs/options.md is old: npm run docs:options')
  process.exitCode = 1
}
console.log(`options: ${rows.size}`)
