import type { TestProject } from 'vitest/node'
import { pack } from '../../tools/pack.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The path of the packed package. */
    readonly tarball: string
  }
}

/** Packs the package once for all files of tests. */
export default function packOnce({ provide }: TestProject): () => void {
  const packed = pack()
  provide('tarball', packed.tarball)
  return () => packed[Symbol.dispose]()
}
