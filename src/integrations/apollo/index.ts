export { ApolloCache, type ApolloSetOptions } from './apollo-cache.ts'
