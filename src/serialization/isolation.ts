import { NOTHING } from '../core/nothing.ts'
import { checkChoice } from '../options/options.ts'
import type { Admitted, Stored } from '../core/store.ts'
import { admit, copy, freeze, reveal } from './clone.ts'
import { resolveRules, type ValueOptions } from './json/rules.ts'

/**
 * The form in which callers get a stored value. `'clone'`: a copy of their own. `'freeze'`: one frozen copy for all,
 * free on read. Values that can't be frozen, such as a Date or a Map, are still copied. `'share'`: the reference
 * itself, of any value, because the caller promises that it never changes.
 */
export type Isolation = 'clone' | 'freeze' | 'share'

/** Options of engines that keep values as they are, without bytes. */
export interface IsolationOptions extends ValueOptions {
  /** The form in which callers get a stored value. @default 'clone' */
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

/** Converts values between the callers' form and the stored form of an engine. */
export interface ValueKeeper {
  /** Returns the stored form, which no later act of the caller can change. */
  admit(value: unknown): Admitted
  /** Returns the value for a reader. */
  view(stored: Stored): unknown
}

/** A value that can't be frozen under `'freeze'`, so that every reader gets a copy. */
class CopiedOnRead {
  readonly stored: Stored

  constructor(stored: Stored) {
    this.stored = stored
  }
}

/** Returns the keeper for some options. @throws OptionsError */
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
