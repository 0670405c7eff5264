import { NOTHING } from '../core/nothing.ts'
import { checkChoice } from '../core/options.ts'
import type { Admitted, Stored } from '../core/store.ts'
import { admit, copy, freeze, reveal } from './clone.ts'
import { resolveRules, type ValueOptions } from './rules.ts'

/**
 * What a caller gets of a stored value. `'clone'`: a copy of his own. `'freeze'`: one frozen copy for all, free on
 * read (values that can't be frozen, such as a Date or a Map, are copied all the same). `'share'`: the reference
 * itself, of any value: the caller's word that nobody changes it.
 */
export type Isolation = 'clone' | 'freeze' | 'share'

/** Options of engines that keep values as they are, without bytes. */
export interface IsolationOptions extends ValueOptions {
  /** What callers get of a stored value. @default 'clone' */
  readonly isolation?: Isolation | undefined
}

/** The names of {@link IsolationOptions}. */
export const ISOLATION_OPTIONS: readonly (keyof IsolationOptions)[] = [
  'isolation',
  'classes',
  'registry',
  'maxDepth',
  'maxCount',
]

/** How an engine takes values in and hands them out. */
export interface ValueKeeper {
  /** The stored form, which nothing the caller does afterwards can change. */
  admit(value: unknown): Admitted
  /** What a reader gets. */
  view(stored: Stored): unknown
}

/** Under `'freeze'`: a value that holds what can't be frozen, so that every reader gets a copy. */
class CopiedOnRead {
  readonly stored: Stored

  constructor(stored: Stored) {
    this.stored = stored
  }
}

/** The keeper for some options. @throws OptionsError */
export function valueKeeper(options: IsolationOptions): ValueKeeper {
  const { isolation = 'clone' } = options
  checkChoice(isolation, ['clone', 'freeze', 'share'], 'isolation')
  const rules = resolveRules(options)
  const guarded = (accept: (value: unknown) => Admitted) => (value: unknown) =>
    value === undefined ? { refused: NOTHING } : accept(value)
  switch (isolation) {
    case 'share':
      return { admit: guarded((value) => ({ stored: value as Stored })), view: (stored) => stored }
    case 'freeze':
      return { admit: guarded((value) => frozen(admit(value, rules))), view: viewFrozen }
    default:
      return { admit: guarded((value) => admit(value, rules)), view: copy }
  }
}

function frozen(admitted: Admitted): Admitted {
  if (admitted.stored === undefined || freeze(admitted.stored)) return admitted
  return { stored: new CopiedOnRead(admitted.stored) as unknown as Stored }
}

function viewFrozen(stored: Stored): unknown {
  const kept: unknown = stored
  return kept instanceof CopiedOnRead ? copy(kept.stored) : reveal(stored)
}
