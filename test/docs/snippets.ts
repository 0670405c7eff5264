import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { project, readPage } from './markdown.ts'
import type { Programs } from './program.ts'

/** A program in a page, and what the page says that it prints. */
export interface Snippet {
  readonly page: string
  readonly line: number
  readonly text: string
  readonly output: string | undefined
}

/** The `ts` blocks of a page, each with the `text output` block right after it; not those that show a file. */
export function readSnippets(page: string, markdown: string): readonly Snippet[] {
  const snippets: Snippet[] = []
  const { fences } = readPage(markdown)
  for (const [index, { info, line, text, follows }] of fences.entries()) {
    const [language = '', ...options] = info.split(/\s+/)
    if (language === 'ts') {
      const [file, ...others] = options
      if (others.length > 0 || (file !== undefined && !file.startsWith('file=')))
        throw new Error(`${page}:${line - 1} \`${info}\`: a ts block is checked, always`)
      if (file === undefined) snippets.push({ page, line, text, output: undefined })
      else assertIsFile(`${page}:${line - 1}`, file.slice('file='.length), text)
    } else if (/^(tsx|typescript|js|javascript)$/i.test(language)) {
      throw new Error(`${page}:${line - 1} \`${info}\`: write \`ts\`, so that the block is checked`)
    } else if (options.includes('output')) {
      const program = snippets.at(-1)
      if (!follows || !program || fences[index - 1]?.line !== program.line) {
        throw new Error(`${page}:${line - 1} an output block stands right after its program`)
      }
      snippets[snippets.length - 1] = { ...program, output: text }
    }
  }
  return snippets
}

/** A block that shows a file of the project, which is checked and run where it lies, has to be that file. */
function assertIsFile(place: string, path: string, text: string): void {
  if (readFileSync(join(project, path), 'utf8').trim() !== text.trim())
    throw new Error(`${place} the block is not ${path}, which it names`)
}

/** Type-checks the blocks as files of the project, so that `cachette` means its own source. */
export function typeCheck(snippets: readonly Snippet[]): readonly string[] {
  const options: ts.CompilerOptions = {
    ...readOptions(),
    // A block is a module of its own; that it shows a variable and does not use it is no mistake.
    moduleDetection: ts.ModuleDetectionKind.Force,
    noUnusedLocals: false,
    noUnusedParameters: false,
  }
  const files = new Map(snippets.map((snippet) => [virtualPath(snippet), snippet]))
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile } = host
  host.getCurrentDirectory = () => project
  host.fileExists = (path) => files.has(path) || fileExists(path)
  host.readFile = (path) => files.get(path)?.text ?? readFile(path)
  const program = ts.createProgram([...files.keys()], options, host)
  return [...files].flatMap(([path, { page, line }]) => {
    const file = program.getSourceFile(path)!
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      (diagnostic) => {
        const at = line + file.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line
        return `${page}:${at} ${ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ')}`
      },
    )
  })
}

/** Runs a block that is followed by its output and answers how the two differ. */
export function compareOutput({ page, line, text, output }: Snippet, programs: Programs): readonly string[] {
  const printed = programs.run(text).trimEnd()
  return printed === output
    ? []
    : [`${page}:${line} prints ${JSON.stringify(printed)}, the page says otherwise`]
}

function virtualPath({ page, line }: Snippet): string {
  return join(project, '.cache/snippets', `${page.replaceAll('/', '-')}.${line}.ts`)
}

function readOptions(): ts.CompilerOptions {
  const { config, error } = ts.readConfigFile(join(project, 'tsconfig.json'), ts.sys.readFile)
  if (error) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, ' '))
  return ts.parseJsonConfigFileContent(config, { ...ts.sys, readDirectory: () => [] }, project).options
}
