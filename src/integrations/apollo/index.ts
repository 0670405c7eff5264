export { ApolloCache } from './apollo-cache.ts'
