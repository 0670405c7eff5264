// Draws the folders of src and their imports into docs/architecture.md. With --check it only compares.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { readArchitecture } from './architecture.ts'

const page = 'docs/architecture.md'
const start = '<!-- folder graph: written by `npm run docs:architecture` -->'
const end = '<!-- end of folder graph -->'

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
const before = readFileSync(page, 'utf8')
const from = before.indexOf(start)
const to = before.indexOf(end)
if (from < 0 || to < from) throw new Error(`${page} lacks the markers of the folder graph`)

const after = `${before.slice(0, from)}${start}\n\n${draw(readArchitecture('.').folders)}\n\n${before.slice(to)}`
if (!values.check) {
  writeFileSync(page, after)
} else if (after !== before) {
  console.error(`architecture: the folder graph of ${page} is out of date; run \`npm run docs:architecture\``)
  process.exitCode = 1
}

/** Draws the picture without imports that others imply, so that it shows layers and not a web. */
function draw(folders: ReadonlyMap<string, ReadonlySet<string>>): string {
  const lines = [...folders].toSorted(byName).flatMap(([folder, targets]) => {
    const direct = [...targets].filter((target) => ![...targets].some((via) => reaches(folders, via, target)))
    return [`  ${node(folder)}`, ...direct.toSorted().map((target) => `  ${id(folder)} --> ${id(target)}`)]
  })
  return ['```mermaid', 'flowchart BT', ...lines, '```'].join('\n')
}

/** Whether `from` imports `to` through at least one import. Folders on a circle are reported elsewhere. */
function reaches(folders: ReadonlyMap<string, ReadonlySet<string>>, from: string, to: string): boolean {
  const seen = new Set<string>()
  const queue = [...(folders.get(from) ?? [])]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (next === to) return true
    if (seen.has(next)) continue
    seen.add(next)
    queue.push(...(folders.get(next) ?? []))
  }
  return false
}

function id(folder: string): string {
  return folder.replaceAll(/\W/g, '_')
}

function node(folder: string): string {
  return folder.endsWith('.ts') ? `${id(folder)}(["${folder}"])` : `${id(folder)}["${folder}/"]`
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}
