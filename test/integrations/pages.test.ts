// Blocks of the pages that need the packages of other people: `mjs`, `cjs` and `mts` in README.md and docs/.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { beforeAll, describe, expect, it } from 'vitest'
import { listPages, project, readPage } from '../docs/markdown.ts'

interface Block {
  readonly page: string
  readonly line: number
  readonly language: string
  readonly text: string
}

/** Packages that a page names and that are not installed here, because they are large or ask for Node.js 22. */
const ABSENT = new Set(['@astrojs/node', '@sentry/node', 'astro/config'])
/** Codes of the compiler for a name that can't be imported. */
const NOT_FOUND = 2307

const folder = import.meta.dirname
const blocksOf = (page: string, markdown: string): readonly Block[] =>
  readPage(markdown).fences.flatMap(({ info, line, text }) =>
    /^[mc](?:js|ts)$/.test(info) ? [{ page, line, language: info, text }] : [],
  )
const blocks = listPages()
  .filter((page) => page === 'README.md' || /^docs\/(?!decisions\/)/.test(page))
  .flatMap((page) => blocksOf(page, readFileSync(join(project, page), 'utf8')))

/** Type-checks the blocks. What they import from a file of the reader's service is of any type. */
function typeCheck(checked: readonly Block[]): readonly string[] {
  const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), ts.sys.readFile)
  const sys = { ...ts.sys, readDirectory: () => [] }
  const options: ts.CompilerOptions = {
    ...ts.parseJsonConfigFileContent(config, sys, folder).options,
    allowJs: true,
    checkJs: true,
    noImplicitAny: false,
    noUnusedLocals: false,
    noPropertyAccessFromIndexSignature: false,
  }
  const files = new Map(
    checked.map((block, index) => [join(folder, `block-${index}.${block.language}`), block] as const),
  )
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile } = host
  host.getCurrentDirectory = () => folder
  host.fileExists = (path) => files.has(path) || fileExists(path)
  host.readFile = (path) => files.get(path)?.text ?? readFile(path)
  const program = ts.createProgram([...files.keys()], options, host)
  return [...files].flatMap(([path, { page, line }]) => {
    const file = program.getSourceFile(path)!
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].flatMap(
      ({ code, start = 0, messageText }) => {
        const message = ts.flattenDiagnosticMessageText(messageText, ' ')
        const [, missing = ''] = /'([^']+)'/.exec(message) ?? []
        if (code === NOT_FOUND && (missing.startsWith('./') || ABSENT.has(missing))) return []
        return [`${page}:${line + file.getLineAndCharacterOfPosition(start).line} ${message}`]
      },
    )
  })
}

const importsOf = (text: string): readonly string[] =>
  Array.from(text.matchAll(/ from '([^']+)'/g), ([, name]) => name!)
/** Whether a block runs as it stands. `npm run test:package` requires the package; decorators need a build. */
const isComplete = ({ language, text }: Block): boolean =>
  language === 'mjs' && !importsOf(text).some((name) => name.startsWith('.') || ABSENT.has(name))

/** Runs a block where it finds the packages, with `cachette` meaning its source. */
function run({ text }: Block): string {
  mkdirSync(join(folder, '.cache'), { recursive: true })
  const place = mkdtempSync(join(folder, '.cache/block-'))
  try {
    const path = join(place, 'program.mts')
    writeFileSync(path, text)
    const { CACHE_URL: _, REDIS_URL: __, ...env } = process.env
    const ended = spawnSync(process.execPath, ['--import', 'tsx', path], {
      cwd: project,
      encoding: 'utf8',
      timeout: 30_000,
      env,
    })
    return ended.status === 0 ? '' : `ended in ${ended.status ?? ended.signal}: ${ended.stderr}`
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

const PLANTED: Readonly<Record<string, readonly [language: string, text: string, problem: string]>> = {
  'a name that nobody defines': ['mjs', 'findUser()', "Cannot find name 'findUser'"],
  'a name that the package lacks': [
    'mjs',
    "import { Nothing } from 'cachette'",
    "no exported member 'Nothing'",
  ],
  'a wrong option': ['mts', "import { createCache } from 'cachette'\nawait createCache({ tll: 1 })", "'tll'"],
  'no program at all': ['cjs', 'const = 1', 'Variable declaration expected'],
}

describe('blocks of the pages that need other packages', () => {
  let problems: readonly string[]
  beforeAll(() => {
    const planted = Object.values(PLANTED).flatMap(([language, text], index) =>
      blocksOf(`planted-${index}.md`, `# Title\n\`\`\`${language}\n${text}\n\`\`\``),
    )
    problems = typeCheck([...blocks, ...planted])
  }, 120_000)

  it('type-check against the packages', () => {
    expect(blocks.length).toBeGreaterThan(15)
    expect(problems.filter((problem) => !problem.startsWith('planted'))).toEqual([])
  })

  it.each(Object.entries(PLANTED).map(([name, [, , problem]], index) => [name, index, problem] as const))(
    'are reported with the line of the page: %s',
    (_, index, problem) => {
      expect(problems.filter((one) => one.startsWith(`planted-${index}.md:`))).toContainEqual(
        expect.stringMatching(new RegExp(`\\.md:[34] .*${problem}`)),
      )
    },
  )

  it.each(blocks.filter(isComplete).map((block) => [`${block.page}:${block.line}`, block] as const))(
    'run and end: %s',
    (_, block) => {
      expect(run(block)).toBe('')
    },
  )

  it('fail when the block does', () => {
    expect(run({ page: '', line: 1, language: 'mjs', text: "throw new Error('planted')" })).toContain(
      'planted',
    )
  })
})
