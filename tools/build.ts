// Builds dist/ as it is published. Node.js runs the CommonJS form, and its ES modules only pass that form on, so that a
// process has each class and each state once, however it is loaded. Bundlers get ES modules of their own, which they
// can take apart (docs/decisions/0129-one-implementation-in-two-forms.md).
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { transformSync } from 'esbuild'
import { rolldown, type InputOptions, type OutputChunk, type OutputOptions } from 'rolldown'
import { dts } from 'rolldown-plugin-dts'
import { readEntryPoints } from './entry-points.ts'

const project = join(import.meta.dirname, '..')
const dist = join(project, 'dist')
const entries = readEntryPoints(project)

// The command line is a program of its own beside the entry points, with the packages that it needs.
const cli = join(project, 'src/cli/main.ts')
const OF_CLI =
  /^(commander|cli-table3|string-width|emoji-regex|strip-ansi|ansi-regex|is-fullwidth-code-point)$/
/** The packages of adapters that are part of their files, because users need them for nothing else. */
const OF_ADAPTERS = /^http-cache-semantics$/
/** The types of the host that declarations name. */
const GLOBAL_TYPES = ['AbortSignal', 'Request', 'Response', 'Headers', 'URL']
const licensed = new Set<string>()
const licences = { name: 'keep-licences', transform: keepLicence }

const input: InputOptions = {
  cwd: project,
  input: Object.fromEntries(entries.map(({ name, source }) => [name, join(project, source)])),
  external: (id) => !OF_ADAPTERS.test(id) && !id.startsWith('.') && !isAbsolute(id),
  platform: 'node',
  tsconfig: 'tsconfig.build.json',
  checks: { ineffectiveDynamicImport: false, pluginTimings: false },
}
// No maps: they would weigh as much as the code, which is readable, and say nothing without the sources.
const output: OutputOptions = { comments: { jsdoc: false, annotation: true, legal: true }, strict: true }

/** The bundler's notes of where a module begins and ends. */
const REGIONS = /^\/\/#(?:region .*|endregion)\n/gm

rmSync(dist, { recursive: true, force: true })
const commonjs = await generate(
  {
    ...input,
    input: { ...(input.input as Record<string, string>), cli },
    external: (id) => !OF_CLI.test(id) && !OF_ADAPTERS.test(id) && !id.startsWith('.') && !isAbsolute(id),
    plugins: [{ name: 'require-clients', transform: requireClients }, licences],
  },
  {
    ...output,
    format: 'cjs',
    exports: 'named',
    esModule: true,
    codeSplitting: { groups: [{ name: chunkOf }] },
    ...namesOf('cjs'),
  },
)
// The command line is run and not read.
const program = (code: string): string =>
  transformSync(code, { minifyWhitespace: true, legalComments: 'inline' }).code
for (const chunk of commonjs) write('', [chunk], chunk.name === 'cli' ? program : undefined)
licensed.clear()
// Bundlers take these apart and minify them, so that only names of functions and classes matter to whoever debugs.
const compact = {
  compress: false,
  mangle: { toplevel: false, keepNames: true },
  codegen: { removeWhitespace: true },
} as const
write(
  'esm',
  await generate(
    { ...input, plugins: [licences, { name: 'page-once', resolveId: pageOnce }] },
    { ...output, format: 'es', minify: compact, ...namesOf('js') },
  ),
)
const typed = {
  ...input,
  external: (id: string) => !id.startsWith('.') && !isAbsolute(id),
  plugins: [dts({ emitDtsOnly: true, oxc: { stripInternal: true } })],
}
write('', await generate(typed, { format: 'es', ...namesOf('cjs') }), standAlone)
for (const { name, isEntry, exports } of commonjs) {
  if (!isEntry || name === 'cli') continue
  put(`${name}.mjs`, `export { ${exports.toSorted().join(', ')} } from './${name}.cjs'\n`)
  put(`${name}.d.mts`, `export * from './${name}.cjs'\n`)
}

async function generate(options: InputOptions, how: OutputOptions): Promise<readonly OutputChunk[]> {
  const bundle = await rolldown(options)
  try {
    const { output: files } = await bundle.generate(how)
    return files.filter((file) => file.type === 'chunk')
  } finally {
    await bundle.close()
  }
}

function namesOf(ending: string): OutputOptions {
  return { entryFileNames: `[name].${ending}`, chunkFileNames: `shared/[name].${ending}` }
}

function write(folder: string, chunks: readonly OutputChunk[], mend = (code: string) => code): void {
  for (const { fileName, code } of chunks) put(join(folder, fileName), mend(code.replaceAll(REGIONS, '')))
}

function put(name: string, text: string): void {
  const path = join(dist, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/**
 * Returns the shared chunk of a module; `null` = as the bundler thinks best. All that every cache needs is in one, because
 * a name of another chunk is read by a getter at each use, for which hot paths must not pay.
 */
function chunkOf(id: string): string | null {
  const path = relative(join(project, 'src'), id)
  if (path.endsWith('page.generated.ts')) return 'page'
  if (/^serialization\/wire\/(?!unreadable)/.test(path)) return 'wire-format'
  const isCore =
    /^(cache|coherence|core|in-process|internal|keys|loading|memory|options|serialization|tiered)\//
  return isCore.test(path) && !path.endsWith('explain.ts') && !path.endsWith('index.ts') ? 'core' : null
}

/** Lets both forms of the dashboard take its page from one file, because it is larger than all of their code. */
function pageOnce(id: string): { readonly id: string; readonly external: 'absolute' } | undefined {
  return id.endsWith('/page.generated.ts') ? { id: '../shared/page.cjs', external: 'absolute' } : undefined
}

/** Lets CommonJS require the clients, because contexts of test runners have no `import()` there. */
function requireClients(code: string, id: string): string | undefined {
  return id.endsWith('/redis/libraries/load.ts')
    ? code.replaceAll(/await import\(('.+?')\)/g, 'require($1)')
    : undefined
}

/** Puts the licence of a package that is part of the bundle before its first module. */
function keepLicence(code: string, id: string): string | undefined {
  const [, folder = '', name = ''] = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(id) ?? []
  if (folder === '' || licensed.has(name)) return undefined
  licensed.add(name)
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one))
  if (file === undefined) throw new Error(`${name}: no licence to be kept`)
  const text = readFileSync(join(folder, file), 'utf8').trim()
  return `/*! ${name}\n\n${text.replaceAll('*/', '* /')}\n*/\n${code}`
}

/**
 * Returns a declaration that compiles without the types of Node.js and of the DOM. Those declare symbols of disposal and
 * `AbortSignal` and the types of HTTP. An empty interface adds nothing to theirs, because interfaces of a name are merged.
 */
function standAlone(code: string): string {
  const disposal = code.includes('Symbol.asyncDispose') ? '/// <reference lib="esnext.disposable" />\n' : ''
  const names = GLOBAL_TYPES.filter((name) => new RegExp(`\\b${name}\\b`).test(code))
  const interfaces = names.map((name) => `  interface ${name} {}\n`).join('')
  return disposal + code + (interfaces === '' ? '' : `\ndeclare global {\n${interfaces}}\n`)
}
