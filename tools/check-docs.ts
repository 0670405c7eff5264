// Fails on a public name without a docstring: exports of every entry point, and their public members.
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import ts from 'typescript'
import { readEntryPoints } from './entry-points.ts'

const { values } = parseArgs({ options: { root: { type: 'string', default: process.cwd() } } })
const root = values.root
const entries = readEntryPoints(root)
const paths = entries.map((entry) => join(root, entry.source))
for (const path of paths) if (!existsSync(path)) throw new Error(`docs: ${path} does not exist`)

const program = ts.createProgram(paths, {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  allowImportingTsExtensions: true,
  noEmit: true,
  strict: true,
})
const checker = program.getTypeChecker()

const seen = new Set<ts.Symbol>()
const missing: string[] = []
for (const [index, { specifier }] of entries.entries()) {
  const file = program.getSourceFile(paths[index]!)
  const module = file && checker.getSymbolAtLocation(file)
  if (!module) throw new Error(`docs: ${specifier} is not a module`)
  for (const exported of checker.getExportsOfModule(module)) visit(specifier, exported)
}

for (const line of missing.toSorted()) console.error(`docs: ${line} has no docstring`)
const names = seen.size
if (names === 0) console.error('docs: the entry points export nothing')
console.log(
  `docs: ${names - missing.length} of ${names} public names documented, ${entries.length} entry points`,
)
process.exitCode = names > 0 && missing.length === 0 ? 0 : 1

function visit(specifier: string, exported: ts.Symbol): void {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
  demand(symbol, `${exported.name} (${specifier})`)
  for (const member of (symbol.declarations ?? []).flatMap(membersOf)) {
    if (!isPublic(member)) continue
    const own = checker.getSymbolAtLocation(member.name)
    if (own && !isOfLanguage(own, member))
      demand(own, `${exported.name}.${member.name.getText()} (${specifier})`)
  }
}

/** Counts the symbol once, however many entry points export it. */
function demand(symbol: ts.Symbol, name: string): void {
  if (seen.has(symbol)) return
  seen.add(symbol)
  if (ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() !== '') return
  const declaration = symbol.declarations?.[0]
  const file = declaration?.getSourceFile()
  if (!declaration || !file) throw new Error(`docs: ${name} is not declared anywhere`)
  const { line } = file.getLineAndCharacterOfPosition(declaration.getStart())
  missing.push(`${relative(root, file.fileName)}:${line + 1} ${name}`)
}

function membersOf(declaration: ts.Declaration): readonly ts.Declaration[] {
  if (ts.isClassLike(declaration) || ts.isInterfaceDeclaration(declaration)) return [...declaration.members]
  if (ts.isTypeAliasDeclaration(declaration) && ts.isTypeLiteralNode(declaration.type)) {
    return [...declaration.type.members]
  }
  return []
}

/**
 * Whether a member needs a docstring. Constructors and index signatures have no name, and the docstring of the class or
 * interface covers them. Brands need none because no user can write them. `[Symbol.iterator]` needs none because the
 * language explains it.
 */
function isPublic(member: ts.Declaration): member is ts.Declaration & { readonly name: ts.PropertyName } {
  const { name } = member as { name?: ts.Node }
  if (!name || !ts.isPropertyName(name)) return false
  if (ts.isPrivateIdentifier(name) || ts.isComputedPropertyName(name)) return false
  return !(ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private)
}

/** Whether the language itself documents the member, such as `Error.name`. */
function isOfLanguage(
  member: ts.Symbol,
  declaration: ts.Declaration & { readonly name: ts.PropertyName },
): boolean {
  const owner = declaration.parent
  if (!ts.isClassLike(owner) && !ts.isInterfaceDeclaration(owner)) return false
  return ancestors(checker.getTypeAtLocation(owner)).some((type) =>
    type
      .getProperty(member.name)
      ?.declarations?.some((base) => program.isSourceFileDefaultLibrary(base.getSourceFile())),
  )
}

function ancestors(type: ts.Type): readonly ts.Type[] {
  const parents = type.isClassOrInterface() ? checker.getBaseTypes(type) : (type.getBaseTypes() ?? [])
  return parents.flatMap((parent) => [parent, ...ancestors(parent)])
}
