import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { anchorsOf, linksOf, project, readPage } from './markdown.ts'

// The readme is also the package's page in the registry, so its links have the address of the repository.
const own = /^https:\/\/github\.com\/cachette\/cachette\/(?:blob|tree)\/main\//

/** Returns the faults of the links of a page to the project; addresses of other hosts are not followed. */
export function findDeadLinks(path: string, markdown: string): readonly string[] {
  return linksOf(readPage(markdown)).flatMap(({ line, target }) => {
    const link = target.replace(own, '/')
    if (/^([a-z][a-z\d+.-]*:|\/\/)/i.test(link)) return []
    const [address = '', anchor] = decodeURI(link).split('#')
    const trouble = (why: string): string[] => [`${path}:${line} ${target}: ${why}`]
    const file = address.startsWith('/') ? address.slice(1) : normalize(join(dirname(path), address))
    const linked = address === '' ? path : file
    if (linked.startsWith('..')) return trouble('leads out of the project')
    if (address !== '' && !existsSync(join(project, linked))) return trouble('no such file')
    if (anchor === undefined) return []
    if (!linked.endsWith('.md')) return isLineOf(linked, anchor) ? [] : trouble('no such line')
    const text = address === '' ? markdown : readFileSync(join(project, linked), 'utf8')
    return anchorsOf(readPage(text)).has(anchor) ? [] : trouble('no such heading')
  })
}

/** Whether `L12` or `L12-L20` is within the file. */
function isLineOf(file: string, anchor: string): boolean {
  const range = /^L(\d+)(?:-L(\d+))?$/.exec(anchor)
  if (!range || statSync(join(project, file)).isDirectory()) return false
  const lines = readFileSync(join(project, file), 'utf8').split('\n').length
  return Number(range[2] ?? range[1]) <= lines
}
