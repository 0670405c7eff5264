import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { defineConfig } from 'vitepress'
import { SECTIONS } from './sections.ts'

const docs = resolve(import.meta.dirname, '..')
const project = resolve(docs, '..')
const source = join(project, '.cache/site')
const repository = 'https://github.com/cachette/cachette'

/** Returns the first heading of a page. */
function titleOf(page: string): string {
  const heading = /^# (.+)$/m.exec(readFileSync(join(source, page), 'utf8'))
  if (heading === null) throw new Error(`docs/${page} has no heading`)
  const [, title = page] = heading
  return title.replaceAll('`', '')
}

const references = readdirSync(join(source, 'reference'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => `reference/${name}`)

/** Returns the address of a link that leaves the pages: a file of the repository is shown there. */
function outside(href: string, page: string): string {
  if (/^(?:[a-z]+:|#|\/)/.test(href)) return href
  const [path = '', anchor] = href.split('#')
  const file = resolve(dirname(page), path)
  if (path === '' || (path.endsWith('.md') && file.startsWith(docs))) return href
  if (!existsSync(file)) throw new Error(`${relative(project, page)}: there is no ${path}`)
  return `${repository}/blob/main/${relative(project, file)}${anchor === undefined ? '' : `#${anchor}`}`
}

export default defineConfig({
  title: 'Cachette',
  description: 'A cache for TypeScript services: what you invalidated does not come back.',
  base: '/cachette/',
  head: [
    ['link', { rel: 'icon', href: 'data:,' }],
    // On a narrow screen a picture is moved sideways, so that its text can be read.
    ['style', {}, '.vp-doc p:has(> img) { overflow-x: auto } .vp-doc p > img { min-width: 600px }'],
  ],
  srcDir: source,
  outDir: join(project, '.cache/docs'),
  cacheDir: join(project, '.cache/vitepress'),
  srcExclude: ['decisions/0000-template.md'],
  cleanUrls: true,
  lastUpdated: false,
  themeConfig: {
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: repository }],
    outline: 'deep',
    nav: [
      { text: 'Start', link: '/start' },
      { text: 'Options', link: '/options' },
      { text: 'Migration', link: '/migration' },
      { text: 'In production', link: '/production' },
    ],
    sidebar: [...SECTIONS, { title: 'Reference', pages: references, isCollapsed: true }].map(
      ({ title, pages, isCollapsed }) => ({
        text: title,
        ...(isCollapsed === true && { collapsed: true }),
        items: pages.map((page) => ({ text: titleOf(page), link: `/${page.replace(/\.md$/, '')}` })),
      }),
    ),
  },
  markdown: {
    languageAlias: { mjs: 'js', cjs: 'js', mts: 'ts' },
    config: (markdown) => {
      markdown.core.ruler.push('outside', ({ tokens, env }) => {
        const page = (env as { path?: string }).path
        for (const { children } of tokens)
          for (const token of children ?? []) {
            const href = token.type === 'link_open' ? token.attrGet('href') : null
            if (href !== null && page !== undefined)
              token.attrSet('href', outside(href, join(docs, relative(source, page))))
          }
      })
    },
  },
})
