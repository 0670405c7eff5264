// Bundles the memory entry as a bundler of a user would and weighs it, and the map in it alone. `--parts` weighs its
// parts.
import { parseArgs } from 'node:util'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { build, type Metafile } from 'esbuild'
import { figure } from '../bench/figures.ts'
import { readEntryPoints } from './entry-points.ts'
import { SIZE_LIMITS } from './size-limits.ts'

const { memoryEntry: limit, boundedMap: mapLimit } = SIZE_LIMITS
/** Modules that are loaded at the first call that needs them, or by an import by name. */
const forbidden = /^src\/(cache\/explain|serialization\/(compress|encrypt|wire-format)|redis\/)/

const parts: Readonly<Record<string, string>> = {
  'BoundedMap alone': `export { BoundedMap } from './src/memory/bounded-map.ts'`,
  'checking and copying of values': `export { valueKeeper } from './src/serialization/isolation.ts'`,
  'options of calls': `export { settingsWith } from './src/core/settings.ts'`,
  'load pipeline': `export { LoadPipeline } from './src/loading/load-pipeline.ts'`,
  'keys of wrapped functions': `export { key } from './src/core/key-builder.ts'`,
  'limits and locks': `export { LocalAtomicStore } from './src/core/local-atomic-store.ts'`,
  'contract with pipeline (BaseCache)': `export { BaseCache } from './src/cache/base-cache.ts'`,
  'the same over an engine of one’s own': `
    export { BaseCache } from './src/cache/base-cache.ts'
    export { storeFrom } from './src/cache/store-from.ts'`,
}

const { values } = parseArgs({
  options: { root: { type: 'string', default: process.cwd() }, parts: { type: 'boolean', default: false } },
})
const entry = readEntryPoints(values.root).find(({ specifier }) => specifier.endsWith('/memory'))
if (!entry) throw new Error('size: package.json exports no memory entry')

const whole = await weigh(`export * from './${entry.source}'`)
const map = whole.exports.includes('BoundedMap')
  ? (await weigh(`export { BoundedMap } from './${entry.source}'`, false)).gzip
  : 0

figure('memory entry, bytes minified and compressed', whole.gzip)
figure('BoundedMap alone, bytes minified and compressed', map)

const problems = whole.modules
  .filter((path) => forbidden.test(path))
  .map((path) => `statically reaches ${path}`)
if (whole.gzip > limit)
  problems.push(
    `weighs ${whole.gzip} bytes compressed; the budget is ${limit}`,
    `is made of ${whole.heaviest.join(', ')}`,
  )
if (map > mapLimit) problems.push(`weighs ${map} bytes for BoundedMap alone; the budget is ${mapLimit}`)
for (const problem of problems) console.error(`size: ${entry.specifier} ${problem}`)
console.log(
  `size: ${entry.specifier} ${whole.minified} bytes minified, ${whole.gzip} gzip, ${whole.brotli} brotli (budget ${limit} gzip; BoundedMap alone ${map} of ${mapLimit}), ${whole.modules.length} modules`,
)
if (values.parts) {
  console.log('The parts by themselves, with what they need; they share much of that.')
  for (const [name, contents] of Object.entries(parts)) {
    const { gzip, minified } = await weigh(contents)
    console.log(`${String(gzip).padStart(7)} gzip ${String(minified).padStart(7)} minified  ${name}`)
  }
  for (const later of whole.later) console.log(`Loaded later, in a chunk of its own: ${later}`)
}
process.exitCode = problems.length === 0 ? 0 : 1

/**
 * Returns the weight of a program with these imports before its first call. Chunks that are loaded later do not count.
 */
async function weigh(contents: string, splitting = true) {
  const { metafile, outputFiles } = await build({
    absWorkingDir: values.root,
    stdin: { contents, resolveDir: values.root, loader: 'ts', sourcefile: 'program.ts' },
    outdir: 'out',
    bundle: true,
    splitting,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    metafile: true,
    write: false,
  })
  const { inputs, outputs } = metafile
  const main = Object.keys(outputs).find((path) => outputs[path]!.entryPoint === 'program.ts')
  if (main === undefined) throw new Error('size: no bundle of the program')
  const chunks = [...reach(outputs, main)]
  const code = Buffer.concat(
    chunks.map((chunk) => outputFiles.find(({ path }) => posix(path).endsWith(`/${chunk}`))!.contents),
  )
  return {
    exports: outputs[main]!.exports,
    minified: code.length,
    gzip: gzipSync(code, { level: 9 }).length,
    brotli: brotliCompressSync(code).length,
    modules: [...reach(inputs, 'program.ts')].filter((path) => path !== 'program.ts'),
    /** The heaviest modules, with their minified bytes. */
    heaviest: chunks
      .flatMap((chunk) => Object.entries(outputs[chunk]!.inputs))
      .filter(([path]) => path !== 'program.ts')
      .toSorted(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)
      .slice(0, 8)
      .map(([path, { bytesInOutput }]) => `${path} ${bytesInOutput}`),
    later: Object.values(outputs).flatMap(({ entryPoint, bytes }) =>
      entryPoint === undefined || entryPoint === 'program.ts' ? [] : [`${entryPoint} (${bytes} bytes)`],
    ),
  }
}

/** Returns the modules that are loaded together with `start`, without dynamic imports. */
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

function posix(path: string): string {
  return path.replaceAll('\\', '/')
}
