import fs from 'node:fs'
import { trace } from '@opentelemetry/api'
import { Redis } from 'ioredis'
import pg from 'pg'
import * as spanlog from 'spanlog'
import type { Given } from '../fragment.js'

class OrderRepository {
  find(): undefined {
    return undefined
  }
}

export function spans(): Given {
  return {
    names: {
      ...spanlog,
      id: 7,
      card: { brand: 'visa' },
      charge: () => Promise.resolve('receipt'),
      loadOrder: (id: number) => ({ id }),
      fs,
      OrderRepository,
      pool: {},
      span: trace.getTracer('docs').startSpan('a span'),
      query: 'SELECT * FROM orders WHERE id = 7',
    },
  }
}

/** A Postgres that knows no rows, and a Redis that nobody connects to. */
export function clients(): Given {
  class Pool extends pg.Pool {
    override query = (() => Promise.resolve({ rows: [] })) as never
  }
  class Lazy extends Redis {
    constructor() {
      super({ lazyConnect: true })
    }
  }
  return { names: { id: 7, Redis: Lazy }, modules: { pg: { default: { ...pg, Pool } } } }
}
