// Builds the site of docs/: the reference from the docstrings, the pages, each page as Markdown, and an index for
// language models. `npm run docs` puts it into .cache/docs; a dead link fails it.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { SECTIONS } from '../docs/.vitepress/sections.ts'
import { readEntryPoints } from './entry-points.ts'
import { firstSentence } from './first-sentence.ts'

const project = join(import.meta.dirname, '..')
const docs = join(project, 'docs')
const built = join(project, '.cache/docs')
const source = join(project, '.cache/site')
const reference = join(source, 'reference')
const packages = join(docs, '.vitepress/node_modules')

rmSync(source, { recursive: true, force: true })
cpSync(docs, source, { recursive: true, filter: (path) => !path.includes('.vitepress') })
writeReference()
run('vitepress/bin/vitepress.js', 'build', docs)
const pages = [...SECTIONS.flatMap((section) => section.pages), ...markdownIn(reference)]
for (const page of pages) {
  mkdirSync(dirname(join(built, page)), { recursive: true })
  cpSync(join(source, page), join(built, page))
}
// The pages as Markdown name pictures and files where they lie beside them.
cpSync(source, built, {
  recursive: true,
  filter: (path) => !path.endsWith('.md') && !path.startsWith(join(source, 'decisions')),
})
writeFileSync(join(built, 'llms.txt'), indexOf())
console.log(`docs: ${pages.length} pages in ${built}`)

function run(program: string, ...args: readonly string[]): void {
  execFileSync(process.execPath, [join(packages, program), ...args], { cwd: project, stdio: 'inherit' })
}

/** Writes a page for each entry point. */
function writeReference(): void {
  run(
    'typedoc/bin/typedoc',
    ...readEntryPoints(project).flatMap((entry) => ['--entryPoints', entry.source]),
    '--options',
    join(docs, '.vitepress/typedoc.json'),
    '--plugin',
    join(packages, 'typedoc-plugin-markdown/dist/index.js'),
    '--out',
    reference,
  )
}

function markdownIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('reference', name))
}

/** Returns the index of https://llmstxt.org: each page with its address as Markdown and its first sentence. */
function indexOf(): string {
  const lines = [
    '# Cachette',
    '',
    '> A cache for TypeScript services: what you invalidated does not come back.',
  ]
  for (const section of SECTIONS) {
    lines.push('', `## ${section.title}`, '')
    for (const page of section.pages) lines.push(lineOf(page))
  }
  lines.push('', '## Reference', '', ...markdownIn(reference).toSorted().map(lineOf))
  return `${lines.join('\n')}\n`
}

function lineOf(page: string): string {
  const text = readFileSync(join(source, page), 'utf8')
  const title = /^# (.+)$/m.exec(text)?.[1] ?? page
  const first = firstSentence(text)
  return `- [${title}](${page})${first === '' ? '' : `: ${first}`}`
}
