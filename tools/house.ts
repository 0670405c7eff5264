// `npm run house`: the size and the style of the project in figures. It counts functions that calls pass, public names,
// bags of collaborators, files a folder, lines, and sentences of comments.
import { readdirSync, readFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import Table from 'cli-table3'
import ts from 'typescript'
import { createCache, MemoryCache, type BaseCache } from 'cachette'
import { findServers, startRedis } from '../test/real/servers/index.ts'
import { figure } from '../bench/figures.ts'
import { OBSERVING, readEntryPoints } from './entry-points.ts'

const root = process.cwd()
/** Folders of `src` that look at a cache, or carry it into another library. */
const BESIDE = /^src\/(analysis|audit|cli|dashboard|integrations|loggers|otel|prometheus|sentry)\//
const SILENT = { warn: () => undefined, error: () => undefined }
const OPENING = /^(What|Who|Whoever|Whatever|Whichever)\b/
const INDIRECT = /^(What|How|Whether|When|Where|Why)\b/

interface Passed {
  readonly functions: number
  readonly files: number
  /** The names of the functions, by file. */
  readonly names: ReadonlyMap<string, readonly string[]>
}

const session = new Session()
session.connect()

/** Counts the functions of `src` that a call passes, by the coverage of V8, and the files that they are in. */
async function passedBy(call: () => Promise<unknown>): Promise<Passed> {
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  await session.post('Profiler.takePreciseCoverage')
  await call()
  const { result } = await session.post('Profiler.takePreciseCoverage')
  await session.post('Profiler.stopPreciseCoverage')
  const names = new Map<string, readonly string[]>()
  let passed = 0
  for (const { url, functions } of result) {
    const [, file] = url.split(`${root}/src/`)
    // Not the helper that the compiler adds to keep the names of classes.
    const called = functions.filter(
      ({ functionName, ranges }) => ranges[0]!.count > 0 && functionName !== '__name',
    )
    if (file === undefined || called.length === 0) continue
    names.set(
      file,
      called.map(({ functionName, ranges }) => `${functionName || '()'} ${ranges[0]!.count}`),
    )
    passed += called.length
  }
  return { functions: passed, files: names.size, names }
}

/** Counts the functions of a call, after enough calls that nothing is done for the first time. */
async function whenWarm(call: (index: number) => Promise<unknown>): Promise<Passed> {
  for (let index = 0; index < 20; index++) await call(index)
  // The fewest of some calls count, because messages and heartbeats pass functions beside the call.
  const passed: Passed[] = []
  for (let index = 20; index < 40; index++) passed.push(await passedBy(async () => call(index)))
  return passed.toSorted((a, b) => a.functions - b.functions)[0]!
}

async function paths(): Promise<Readonly<Record<string, Passed>>> {
  const memory = new MemoryCache()
  await memory.set('k', { a: 1 })
  const memoryHit = await whenWarm(async () => memory.get('k'))
  await memory.close()
  if (findServers().program === undefined) return { 'a hit in memory': memoryHit }
  await using server = await startRedis()
  const tiers: BaseCache = await createCache({ redis: server.url, logger: SILENT, connect: 'required' })
  await tiers.set('k', { a: 1 })
  await tiers.get('k')
  const hit = await whenWarm(async () => tiers.get('k'))
  await tiers.close()
  const redis: BaseCache = await createCache({
    redis: server.url,
    l1: false,
    logger: SILENT,
    connect: 'required',
  })
  const tags = ['a', 'b']
  const miss = await whenWarm(async (index) => redis.getOrSet(`k${index}`, () => index, { tags }))
  await redis.close()
  return {
    'a hit in memory': memoryHit,
    'a hit in L1 of two tiers': hit,
    'a getOrSet miss on Redis with two tags': miss,
  }
}

interface Source {
  readonly path: string
  readonly text: string
  readonly tree: ts.SourceFile
}

function sources(folder: string): readonly Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => {
      const text = readFileSync(join(root, folder, file), 'utf8')
      const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true)
      return { path: `${folder}/${file}`, text, tree }
    })
}

function publicNames(): Readonly<Record<string, number>> {
  const entries = readEntryPoints(root)
  const program = ts.createProgram(
    entries.map(({ source }) => join(root, source)),
    { module: ts.ModuleKind.NodeNext, allowImportingTsExtensions: true, noEmit: true },
  )
  const checker = program.getTypeChecker()
  const all = new Set<ts.Symbol>()
  const own = new Set<ts.Symbol>()
  const counts: Record<string, number> = {}
  for (const { name: entry, specifier, source, isIntegration } of entries) {
    const isCache = !isIntegration && !OBSERVING.has(entry)
    const module = checker.getSymbolAtLocation(program.getSourceFile(join(root, source))!)!
    const names = checker.getExportsOfModule(module)
    counts[specifier] = names.length
    for (const name of names) {
      const symbol = name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name
      all.add(symbol)
      if (isCache) own.add(symbol)
    }
  }
  return { ...counts, all: all.size, own: own.size }
}

/** Returns the comments of a file, each as its text without comment marks. A paragraph of lines is one. */
function commentsOf({ text, tree }: Source): readonly { readonly text: string; readonly isDoc: boolean }[] {
  const found = new Map<number, { text: string; isDoc: boolean; end: number }>()
  const visit = (node: ts.Node): void => {
    for (const range of ts.getLeadingCommentRanges(text, node.pos) ?? []) {
      const raw = text.slice(range.pos, range.end)
      const plain = raw
        .replace(/^\/\*\*?|\*\/$/g, '')
        .split('\n')
        .map((line) => line.replace(/^\s*(\*|\/\/) ?/, ''))
        .join(' ')
        .trim()
      found.set(range.pos, { text: plain, isDoc: raw.startsWith('/**'), end: range.end })
    }
    ts.forEachChild(node, visit)
  }
  visit(tree)
  const comments: { text: string; isDoc: boolean; end: number }[] = []
  for (const [position, comment] of [...found].toSorted(([a], [b]) => a - b)) {
    const last = comments.at(-1)
    if (last !== undefined && !comment.isDoc && !last.isDoc && text.slice(last.end, position).trim() === '') {
      last.text += ` ${comment.text}`
      last.end = comment.end
    } else comments.push({ ...comment })
  }
  return comments
}

function sentences(text: string): readonly string[] {
  return text
    .replaceAll(/\{@link (\S+?)\}/g, '$1')
    .split(/(?<=[.!?:;])\s+|@\w+\s+/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '')
}

/** Returns the prose of the documentation: paragraphs, items of lists and cells of tables, without code. */
function documentation(): readonly string[] {
  const pages = [
    ...readdirSync(root).filter((file) => file.endsWith('.md')),
    ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md') && !/node_modules|\.vitepress/.test(file))
      .map((file) => join('docs', file)),
  ]
  return pages.flatMap((page) =>
    readFileSync(join(root, page), 'utf8')
      .replaceAll(/^(```+).*?^\1$/gms, '')
      .split(/\n\s*\n|\n\s*(?:[-*]|\d+\.) |\s\|\s|^\|\s/m)
      .map((part) =>
        part
          .replaceAll(/\s+/g, ' ')
          .replaceAll(/[*_]{2}/g, '')
          .trim(),
      ),
  )
}

const src = sources('src')
const lines = (list: readonly Source[]): number =>
  list.reduce((sum, { text }) => sum + text.split('\n').length - 1, 0)
/** Returns the files of `src` that are loaded with a file, at once or later, and those whose types it names. */
function loadedWith(entry: string): readonly Source[] {
  const byPath = new Map(src.map((source) => [source.path, source]))
  const loaded = new Map<string, Source>()
  const visit = (path: string): void => {
    const source = byPath.get(path)
    if (source === undefined || loaded.has(path)) return
    loaded.set(path, source)
    for (const [, specifier] of source.text.matchAll(/\b(?:from |import\()'(\.[^']+)'/g))
      visit(join(path, '..', specifier!))
  }
  visit(entry)
  return [...loaded.values()]
}

const folders = new Map<string, number>()
for (const { path } of src) {
  const folder = path.slice(0, path.lastIndexOf('/'))
  folders.set(folder, (folders.get(folder) ?? 0) + 1)
}
const [largest, files] = [...folders].toSorted(([, a], [, b]) => b - a)[0]!
const bags = src.flatMap(({ text }) =>
  [...text.matchAll(/\binterface (\w*Parts)\b/g)].map(([, name]) => name!),
)
const comments = src.flatMap(commentsOf)
const all = comments.flatMap(({ text }) => sentences(text))
const docs = comments.filter(({ isDoc }) => isDoc)
const openings = all.filter((sentence) => OPENING.test(sentence))
const written = documentation().flatMap(sentences)
const writtenOpenings = written.filter((sentence) => OPENING.test(sentence) && !sentence.endsWith('?'))
const indirect = docs.filter(({ text }) => INDIRECT.test(text))
const isWhether = ({ text }: { text: string }): boolean => text.startsWith('Whether')

const table = new Table({ head: ['figure', 'now', 'bound'], style: { head: [], border: [] } })
const bounds: Readonly<Record<string, string>> = {
  'a hit in L1 of two tiers': '25 / 14',
  'a getOrSet miss on Redis with two tags': '180 / 50',
}
const allPaths = Object.entries(await paths())
for (const [name, passed] of allPaths) figure(`functions that ${name} passes`, passed.functions)
for (const [name, passed] of allPaths)
  table.push([
    `functions / files that ${name} passes`,
    `${passed.functions} / ${passed.files}`,
    bounds[name] ?? '',
  ])
const names = publicNames()
table.push(
  ['public names, with adapters and exporters', String(names['all']), ''],
  ['public names of the cache', String(names['own']), '130'],
  ['public names of the root', String(names['cachette']), '70'],
  ['bags of collaborators', `${bags.length}`, '6'],
  ['files of the largest folder', `${files} (${largest})`, '16'],
  ['lines of src, with adapters and exporters', String(lines(src)), ''],
  ['lines of the cache', String(lines(src.filter(({ path }) => !BESIDE.test(path)))), '25,000'],
  ['lines of src that come with createCache', String(lines(loadedWith('src/create-cache.ts'))), ''],
  ['lines of the simulator', String(lines(sources('simulator'))), ''],
  [
    'sentences of comments that begin with What, Who ..., of 1,000',
    ((1000 * openings.length) / all.length).toFixed(1),
    '15',
  ],
  [
    'sentences of the documentation that begin so, questions left out, of 1,000',
    ((1000 * writtenOpenings.length) / written.length).toFixed(1),
    '10',
  ],
  [
    'docstrings that begin with What, How, When, Where, Why, in %',
    ((100 * indirect.filter((doc) => !isWhether(doc)).length) / docs.length).toFixed(1),
    '3',
  ],
)
console.log(table.toString())
// The functions of each path by file, with the number of calls.
if (process.argv.includes('--passed')) {
  for (const [name, passed] of allPaths) {
    console.log(`\n${name}`)
    for (const [file, called] of [...passed.names].toSorted(([a], [b]) => a.localeCompare(b)))
      console.log(`  ${file} (${called.length}): ${called.join(', ')}`)
  }
}
if (process.argv.includes('--list')) {
  for (const sentence of [...openings, ...writtenOpenings]) console.log(`  ${sentence}`)
  for (const { text } of indirect.filter((doc) => !isWhether(doc)))
    console.log(`  doc: ${text.slice(0, 100)}`)
}
session.disconnect()
