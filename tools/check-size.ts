// Bundles the memory entry as a bundler of a user would and weighs it, and the map in it alone. The budgets are a
// ratchet: what was measured, with little room (docs/decisions/0004-the-weight-of-the-memory-entry-with-loading.md).
import { parseArgs } from 'node:util'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { build, type Metafile } from 'esbuild'
import { readEntryPoints } from './entry-points.ts'

const limit = 29 * 1024
const mapLimit = 9 * 1024
const forbidden = /^src\/(serialization\/(compress|encrypt)|redis\/)/

const { values } = parseArgs({ options: { root: { type: 'string', default: process.cwd() } } })
const entry = readEntryPoints(values.root).find(({ specifier }) => specifier.endsWith('/memory'))
if (!entry) throw new Error('size: package.json exports no memory entry')

const { metafile, outputFiles } = await build({
  absWorkingDir: values.root,
  entryPoints: [entry.source],
  outdir: 'out',
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  conditions: ['@cachette/source'],
  metafile: true,
  write: false,
})

const sources = reach(metafile.inputs, entry.source)
const main = Object.keys(metafile.outputs).find((path) => metafile.outputs[path]?.entryPoint === entry.source)
if (main === undefined) throw new Error(`size: no bundle of ${entry.source}`)
const chunks = [...reach(metafile.outputs, main)]
const code = Buffer.concat(
  chunks.map(
    (chunk) => outputFiles.find(({ path }) => path.replaceAll('\\', '/').endsWith(`/${chunk}`))!.contents,
  ),
)
const gzip = gzipSync(code, { level: 9 }).length
const brotli = brotliCompressSync(code).length

const problems = [...sources]
  .filter((path) => forbidden.test(path))
  .map((path) => `statically reaches ${path}`)
if (gzip > limit)
  problems.push(`weighs ${gzip} bytes compressed; the budget is ${limit}`, `is made of ${heaviest()}`)
const map = await weighMap()
if (map > mapLimit) problems.push(`weighs ${map} bytes for BoundedMap alone; the budget is ${mapLimit}`)
for (const problem of problems) console.error(`size: ${entry.specifier} ${problem}`)
console.log(
  `size: ${entry.specifier} ${code.length} bytes minified, ${gzip} gzip, ${brotli} brotli (budget ${limit} gzip; BoundedMap alone ${map} of ${mapLimit}), ${sources.size} modules`,
)
process.exitCode = problems.length === 0 ? 0 : 1

/** The compressed bytes of a program that imports the map and nothing else; 0 where the entry has none. */
async function weighMap(): Promise<number> {
  if (!metafile.outputs[main!]!.exports.includes('BoundedMap')) return 0
  const { outputFiles: files } = await build({
    stdin: {
      contents: `export { BoundedMap } from './${entry!.source}'`,
      resolveDir: values.root,
      loader: 'ts',
    },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@cachette/source'],
    write: false,
  })
  return gzipSync(files[0]!.contents, { level: 9 }).length
}

/** The modules to look at first, with their minified bytes. */
function heaviest(): string {
  return chunks
    .flatMap((chunk) => Object.entries(metafile.outputs[chunk]?.inputs ?? {}))
    .toSorted(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)
    .slice(0, 8)
    .map(([path, { bytesInOutput }]) => `${path} ${bytesInOutput}`)
    .join(', ')
}

/** What is loaded together with `start`; dynamic imports are not. */
function reach(graph: Metafile['inputs'] | Metafile['outputs'], start: string): ReadonlySet<string> {
  const seen = new Set<string>()
  const queue = [start]
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const node = graph[path]
    if (!node || seen.has(path)) continue
    seen.add(path)
    queue.push(
      ...node.imports.filter(({ kind }) => kind === 'import-statement').map((imported) => imported.path),
    )
  }
  return seen
}
