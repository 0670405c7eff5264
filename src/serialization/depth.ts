import { unreadable } from './wire/unreadable.ts'

/**
 * Parses JSON text whose containers lie inside one another up to a limit. Most texts have few containers, and cost no
 * walk over the value.
 * @throws SerializationError if it is nested deeper, SyntaxError if it is no JSON.
 */
export function parseWithin(text: string, maxDepth: number): unknown {
  if (!hasMoreContainers(text, maxDepth)) return JSON.parse(text)
  // Millions of levels are refused before they are parsed.
  if (beginsDeeper(text, maxDepth)) throw tooDeep(maxDepth)
  const value: unknown = JSON.parse(text)
  if (isDeeper(value, maxDepth)) throw tooDeep(maxDepth)
  return value
}

function tooDeep(maxDepth: number): Error {
  return unreadable('limit', `nested deeper than ${maxDepth} levels (option maxDepth)`)
}

/** Whether so many brackets open that the text may be nested deeper. Brackets within texts count, too. */
function hasMoreContainers(text: string, most: number): boolean {
  if (text.length <= 2 * most) return false
  let left = most
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1))
      if (--left < 0) return true
  }
  return false
}

function beginsDeeper(text: string, maxDepth: number): boolean {
  let depth = 0
  const end = Math.min(text.length, 16 * maxDepth)
  for (let at = 0; at < end; at++) {
    const char = text[at]
    if (char === '"') {
      at = endOfText(text, at)
      if (at === -1) return false
    } else if (char === '{' || char === '[') {
      if (++depth > maxDepth) return true
    } else if (char === '}' || char === ']') depth--
  }
  return false
}

// Returns the place of the quote that ends a text, which has an even number of backslashes before it.
function endOfText(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end
    while (text[before - 1] === '\\') before--
    if ((end - before) % 2 === 0) return end
  }
  return -1
}

function isDeeper(value: unknown, left: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (left === 0) return true
  for (const part of Array.isArray(value) ? value : Object.values(value))
    if (isDeeper(part, left - 1)) return true
  return false
}
