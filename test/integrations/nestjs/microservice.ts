// Starts a microservice of Nest over TCP, and a client of it.
import 'reflect-metadata'
import { createServer, type AddressInfo } from 'node:net'
import type { INestMicroservice } from '@nestjs/common'
import {
  ClientProxyFactory,
  Transport,
  type ClientProxy,
  type MicroserviceOptions,
} from '@nestjs/microservices'
import { Test } from '@nestjs/testing'
import { onTestFinished } from 'vitest'
import type { Parts } from './app.ts'

/** A running microservice. */
export interface Microservice {
  readonly app: INestMicroservice
  readonly events: ClientProxy
  close(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Starts a microservice that ends with the test. */
export async function startMicroservice(parts: Parts): Promise<Microservice> {
  const options = { host: '127.0.0.1', port: await freePort() }
  const module = await Test.createTestingModule(parts).compile()
  const app = module.createNestMicroservice<MicroserviceOptions>({
    transport: Transport.TCP,
    options,
    logger: false,
  })
  await app.listen()
  const events = ClientProxyFactory.create({ transport: Transport.TCP, options })
  const close = async (): Promise<void> => {
    await events.close()
    await app.close()
  }
  onTestFinished(close)
  return { app, events, close }
}
