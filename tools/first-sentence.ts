/** Returns the first sentence of a page of Markdown, without its links; empty if the page begins with something else than prose. */
export function firstSentence(page: string): string {
  const body = page.replace(/^---\n[^]*?\n---\n/, '').replace(/^# .+$/m, '')
  const [paragraph = ''] = [body.split(/\n\s*\n/).find((part) => part.trim() !== '')]
  if (/^\s*(?:#|\||```|<|- |\d+\.|!)/.test(paragraph)) return ''
  const text = paragraph
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
  return /^.*?[.:](?= [A-Z`]|$)/.exec(text)?.[0].replace(/:$/, '.') ?? text
}
