// The types of the GraphQL application, and the service behind its resolvers.
import { Injectable } from '@nestjs/common'
import { Args, ArgsType, Field, ID, Int, ObjectType } from '@nestjs/graphql'
import { Cached, Invalidates } from 'cachette/nestjs'

/** An author, as clients see it. */
@ObjectType()
export class Author {
  @Field(() => ID)
  readonly id!: string
  @Field(() => String)
  readonly name!: string
}

/** The arguments of a change. */
@ArgsType()
export class Named {
  @Field(() => ID)
  readonly id!: string
  @Field(() => String)
  readonly name!: string
}

/** The arguments of a search. */
@ArgsType()
export class Search {
  @Field(() => String)
  readonly text!: string
  @Field(() => Int, { nullable: true })
  readonly most?: number
}

/** The argument `id`. */
export const Id = (): ParameterDecorator => Args('id', { type: () => ID })

/** The service behind the resolvers. */
@Injectable()
export class Authors {
  queries = 0
  readonly names = new Map([['7', 'Ada']])

  @Cached({ key: 'author:{0}', tags: ['authors'], ttl: '30m' })
  async find(id: string): Promise<Author> {
    this.queries++
    return { id, name: this.names.get(id) ?? 'nobody' }
  }

  @Invalidates({ keys: ['author:{0}'] })
  async rename(id: string, name: string): Promise<void> {
    this.names.set(id, name)
  }
}
