// An application of Nest as users write it, and the requests to it.
import 'reflect-metadata'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DynamicModule, INestApplication, Provider, Type } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { onTestFinished } from 'vitest'

/** The parts of an application. */
export interface Parts {
  readonly imports?: (DynamicModule | Type)[]
  readonly controllers?: Type[]
  readonly providers?: Provider[]
}

/** An answer to a request. */
export interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: Headers
}

/** A running application. */
export interface Running {
  readonly app: INestApplication
  get(path: string, init?: RequestInit): Promise<Answer>
}

/** Starts an application that ends with the test. */
export async function start({ imports = [], controllers = [], providers = [] }: Parts): Promise<Running> {
  const module = await Test.createTestingModule({ imports, controllers, providers }).compile()
  const app = module.createNestApplication({ logger: false })
  await app.listen(0, '127.0.0.1')
  onTestFinished(async () => app.close())
  const { port } = (app.getHttpServer() as Server).address() as AddressInfo
  const get = async (path: string, init?: RequestInit): Promise<Answer> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init)
    return { status: response.status, body: await response.text(), headers: response.headers }
  }
  return { app, get }
}
