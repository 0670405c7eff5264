import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The root of the project. */
export const project = join(import.meta.dirname, '../..')

/** A fenced block of a page. */
export interface Fence {
  /** What follows the opening fence, such as `ts` or `text output`. */
  readonly info: string
  /** 1-based line of the first line inside. */
  readonly line: number
  readonly text: string
  /** Whether only blank lines stand between the block before and this one. */
  readonly follows: boolean
}

/** A page split into its blocks and the prose between, whose lines keep their numbers. */
export interface Page {
  readonly fences: readonly Fence[]
  readonly prose: readonly string[]
}

const generated = new Set(['node_modules', 'dist', 'coverage', '.git', '.cache'])

/** Every Markdown file of the project, relative to its root. */
export function listPages(folder = ''): readonly string[] {
  return readdirSync(join(project, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) return generated.has(entry.name) ? [] : listPages(path)
    return entry.name.endsWith('.md') ? [path] : []
  })
}

export function readPage(markdown: string): Page {
  const fences: Fence[] = []
  const prose: string[] = []
  let open: { mark: string; indent: string; info: string; line: number; body: string[] } | undefined
  let follows = false
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^(\s*)(`{3,}|~{3,})\s*(.*?)\s*$/.exec(line)
    if (open === undefined && fence) {
      open = { indent: fence[1]!, mark: fence[2]!, info: fence[3]!, line: index + 2, body: [] }
    } else if (open === undefined) {
      if (line.trim() !== '') follows = false
      prose.push(line)
      continue
    } else if (fence && fence[3] === '' && fence[2]!.startsWith(open.mark)) {
      fences.push({ info: open.info, line: open.line, text: open.body.join('\n'), follows })
      open = undefined
      follows = true
    } else {
      open.body.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line.trimStart())
    }
    prose.push('')
  }
  if (open) throw new Error(`the block of line ${open.line - 1} is never closed`)
  return { fences, prose }
}

/** The anchors that a page offers, as GitHub makes them of headings, and explicit ones. */
export function anchorsOf({ prose }: Page): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const line of prose) {
    for (const [, id] of line.matchAll(/<\w+[^>]*\s(?:id|name)="([^"]+)"/g)) anchors.add(id!)
    const heading = /^ {0,3}#{1,6}\s+(.*?)(?:\s+#+)?\s*$/.exec(line)
    if (!heading) continue
    const slug = heading[1]!
      .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{M}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-')
    let unique = slug
    for (let n = 1; anchors.has(unique); n += 1) unique = `${slug}-${n}`
    anchors.add(unique)
  }
  return anchors
}

/** Targets of links and pictures with their lines; code is not looked at. */
export function linksOf({ prose }: Page): readonly { readonly line: number; readonly target: string }[] {
  const forms = [
    /\]\(\s*<?([^)\s>]+)>?(?:\s+["'][^)]*)?\)/g,
    /^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)/g,
    /\s(?:href|src|srcset)="([^"\s]+)"/g,
  ]
  return prose.flatMap((text, index) => {
    const visible = text.replaceAll(/(`+)(?!`).*?[^`]\1(?!`)/g, '')
    return forms.flatMap((form) =>
      [...visible.matchAll(form)].map((match) => ({ line: index + 1, target: match[1]! })),
    )
  })
}
