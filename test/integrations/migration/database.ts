export interface User {
  readonly id: number
  readonly name: string
}

/** The database of the service. */
export interface Database {
  find(id: number): Promise<User | undefined>
  rename(id: number, name: string): Promise<void>
}

/** The part of the service that is moved. */
export interface Users {
  find(id: number): Promise<User | undefined>
  rename(id: number, name: string): Promise<void>
  close(): Promise<void>
}
