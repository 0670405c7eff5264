import type { Runtime } from '../cache/runtime.ts'

const audited = new WeakMap<object, Runtime>()

/** Notes the cache that an auditor checks. */
export function noteAudited(auditor: object, runtime: Runtime): void {
  audited.set(auditor, runtime)
}

/** Returns the cache that an auditor checks; `undefined` if another copy of this package has made it. */
export function auditedBy(auditor: object): Runtime | undefined {
  return audited.get(auditor)
}
