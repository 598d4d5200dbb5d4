import * as grpcJs from '@grpc/grpc-js'
import express_ from 'express'
import * as spanlogHttp from 'spanlog/http'
import type { Given } from '../fragment.js'

/** An application of Express that nobody asks. */
export function express(): Given {
  return { names: { app: express_(), gateway: '10.0.0.1', ...spanlogHttp } }
}

export function grpc(): Given {
  const Orders = class extends grpcJs.Client {}
  return { names: { Server: grpcJs.Server, credentials: grpcJs.credentials.createInsecure(), shop: { Orders } } }
}

interface NestApplication {
  getUrl(): Promise<string>
  close(): Promise<void>
}

/** Asks the application once, and ends it. */
export function nest(): Given {
  return {
    instead: { 'listen(3000)': 'listen(0)', 'logger: pino()': 'logger: log' },
    async check({ app }) {
      const application = app as NestApplication
      const answer = await fetch(`${await application.getUrl()}/orders/7`)
      const { id, reference } = (await answer.json()) as { id: string; reference: string }
      await application.close()
      if (id !== '7' || reference !== answer.headers.get('x-trace-id')) throw new Error(`the application answered ${id}, ${reference}`)
    },
  }
}
