import { join } from 'node:path'
import ts from 'typescript'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const users = join(root, 'test/package/decorators.ts')

it.each([
  ['TC39', false],
  ['legacy', true],
])(
  'the types of decorators in %s form accept what fits and refuse what does not',
  (_, experimentalDecorators) => {
    const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
    const { options } = ts.parseJsonConfigFileContent(config, { ...ts.sys, readDirectory: () => [] }, root)
    const program = ts.createProgram([users], { ...options, experimentalDecorators })
    const found = program
      .getSemanticDiagnostics(program.getSourceFile(users))
      .map(({ messageText, start, file }) => {
        const { line } = file!.getLineAndCharacterOfPosition(start!)
        return `${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
      })

    expect(found).toEqual([])
  },
)
