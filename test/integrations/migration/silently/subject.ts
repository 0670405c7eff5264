/** A cache as the programs of docs/migration use it, on one side of the move. */
export interface Subject {
  /** `ttl` is handed on as it is. */
  set(key: string, value: unknown, ttl?: number): Promise<unknown>
  get(key: string): Promise<unknown>
  load(key: string, loader: () => Promise<unknown>): Promise<unknown>
  delete(key: string): Promise<unknown>
  /** Returns the milliseconds that an entry has left, if the library tells them; else the server is asked. */
  leftMs?(key: string): Promise<number>
  close(): Promise<unknown>
}

/** Makes a cache of a library; on a server, if the library has it there. */
export type Open = (url: string) => Promise<Subject>
