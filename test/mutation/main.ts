// `npm run mutate -- FOLDER`: lets Stryker break the code of a folder of src and looks whether a quick test notices.
// Results of earlier runs are kept in .cache/mutation, so a run repeats only what has changed. Writes docs/mutation.md.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { LEAST } from './folders.ts'
import { percentOf, readReport, type FileScore } from './report.ts'
import { tableOf } from './table.ts'

const FOLDERS = Object.keys(LEAST)
const USAGE = `Usage: npm run mutate -- FOLDER [FILE...] [options]

  FOLDER          ${FOLDERS.join(', ')}
  FILE            only files of the folder with these names, such as load-run.ts
  --workers N     mutants that are tried at a time (default 1)
  --survivors     runs nothing: prints the survivors of the last run, and writes its table
  --help          shows this

Ends with 1 if the score of the folder is too low, with 2 if it was called wrongly.`
const CACHE = '.cache/mutation'
const PAGE = 'docs/mutation.md'
// Folders that no test of a mutant reads.
const IGNORED = [
  'dist',
  'docs',
  'demo',
  'bench',
  'examples',
  'dashboard-page',
  '.cache',
  'test/integrations',
  'test/package',
  'test/mutation/node_modules',
]
const STRYKER = 'test/mutation/node_modules/@stryker-mutator/core/bin/stryker.js'

const { values, positionals } = readArguments()
const [folder = '', ...names] = positionals
if (values.help) {
  console.log(USAGE)
  process.exit(0)
}
if (!FOLDERS.includes(folder)) fail(`FOLDER: '${folder}' is none of ${FOLDERS.join(', ')}.`)
const results = `${CACHE}/${folder}.json`

if (!values.survivors) mutate()
if (!existsSync(results)) fail(`There are no results of ${folder} yet.`)
const scores = readReport(readFileSync(results, 'utf8'))
printSurvivors(scores)
const percent = percentOf(scores)
console.log(`${folder}: ${percent.toFixed(1)} % of at least ${LEAST[folder]} %`)
writePage()
process.exitCode = percent < LEAST[folder]! ? 1 : 0

function mutate(): void {
  mkdirSync(CACHE, { recursive: true })
  const config = `${CACHE}/config-${folder}.json`
  const of = names.length === 0 ? [`src/${folder}/**/*.ts`] : names.map((name) => `src/${folder}/**/${name}`)
  const settings = {
    testRunner: 'vitest',
    plugins: ['@stryker-mutator/vitest-runner'],
    vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
    coverageAnalysis: 'perTest',
    // No single test sees code that runs while a module is loaded, so each of them would have to run.
    ignoreStatic: true,
    mutate: of,
    incremental: true,
    incrementalFile: results,
    tempDirName: `${CACHE}/sandbox-${folder}`,
    ignorePatterns: IGNORED,
    disableTypeChecks: false,
    concurrency: Number(values.workers),
    timeoutMS: 15_000,
    timeoutFactor: 1,
    dryRunTimeoutMinutes: 15,
    reporters: ['progress-append-only'],
    allowConsoleColors: false,
    warnings: { slow: false },
  }
  writeFileSync(config, JSON.stringify(settings, null, 2))
  const { status } = spawnSync(process.execPath, [STRYKER, 'run', config], {
    stdio: 'inherit',
    env: { ...process.env, CACHETTE_MUTATED: folder },
  })
  if (status !== 0) fail(`Stryker has ended with ${status}.`)
}

function printSurvivors(files: readonly FileScore[]): void {
  for (const { survivors } of files)
    for (const { place, line, replacement, isCovered } of survivors)
      console.log(`${place} ${isCovered ? '' : '(played by no test) '}\n    ${line}\n    => ${replacement}`)
}

function writePage(): void {
  const [begin, end] = [`<!-- ${folder}: begin -->`, `<!-- ${folder}: end -->`]
  const page = readFileSync(PAGE, 'utf8')
  const table = `${begin}\n\n${tableOf(scores, LEAST[folder]!)}\n\n${end}`
  const made = page.replace(new RegExp(`${begin}[^]*${end}`), () => table)
  if (!made.includes(table)) throw new Error(`${PAGE} lacks ${begin} and ${end}`)
  writeFileSync(PAGE, made)
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        workers: { type: 'string', default: '1' },
        survivors: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    return fail((error as Error).message)
  }
}

function fail(message: string): never {
  console.error(`${message}\n\n${USAGE}`)
  process.exit(2)
}
