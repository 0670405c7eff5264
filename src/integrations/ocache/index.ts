export { ocacheStorage, type OcacheStorage } from './storage.ts'
