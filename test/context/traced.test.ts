import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { transform } from 'esbuild'
import { correlationId, currentTrace, type TracedOptions, traced, traceMethods } from 'spanlog'
import { recordTelemetry } from 'spanlog/testing'
import { afterAll, afterEach, describe, expect, it } from 'vitest'

const telemetry = recordTelemetry()
afterEach(() => telemetry.reset())
afterAll(() => telemetry.stop())
const names = () => telemetry.spans().map(({ name }) => name)

describe('a traced function', () => {
  it('is what it was, in a span of its name', () => {
    const charge = Object.assign(
      function chargeCard(this: { rate: number }, amount: number, _currency: string) {
        return [amount * this.rate, currentTrace() !== undefined]
      },
      { version: 2 },
    )
    const wrapped = traced(charge)
    expect(wrapped.call({ rate: 3 }, 2, 'EUR')).toEqual([6, true])
    expect([wrapped.name, wrapped.length, wrapped.version]).toEqual(['chargeCard', 2, 2])
    expect(names()).toEqual(['chargeCard'])
  })

  it.each<[string, TracedOptions | string, object]>([
    ['a name', 'load order', { name: 'load order' }],
    ['options', { name: 'load order', kind: 'client', attributes: { a: 1 } }, { name: 'load order', kind: 'client', attributes: { a: 1 } }],
    [
      'attributes made of its arguments',
      { attributes: (id: string) => ({ 'order.id': id }) },
      { name: 'loadOrder', attributes: { 'order.id': 'A-17' } },
    ],
    [
      'attributes that cannot be made',
      {
        attributes: () => {
          throw new Error('no attributes')
        },
      },
      { name: 'loadOrder', attributes: {} },
    ],
  ])('takes %s', (_, options, expected) => {
    const loadOrder = (id: string) => id
    expect(traced(loadOrder, options)('A-17')).toBe('A-17')
    expect(telemetry.spans()[0]).toMatchObject(expected)
  })

  it('ends with the promise, and with the generator, that it returns', async () => {
    await traced(async function work() {
      await Promise.resolve()
      expect(names()).toEqual([])
    })()
    expect(names()).toEqual(['work'])
    expect([
      ...traced(function* generate() {
        yield 1
      })(),
    ]).toEqual([1])
    expect(names()).toEqual(['work', 'generate'])
  })

  it('ends with its callback, which runs outside of the span', () => {
    const seen: unknown[] = []
    const read = traced((_path: string, done: (error: Error | null, text?: string) => void) => done(null, 'text'), {
      name: 'read file',
      callback: true,
    })
    read('a', (error, text) => seen.push(error, text, names(), currentTrace()))
    expect(seen).toEqual([null, 'text', ['read file'], undefined])
    const fail = traced((done: (error: Error) => void) => done(new Error('no file')), { name: 'read file', callback: true })
    fail(() => undefined)
    expect(telemetry.spans()[1]?.status).toEqual({ code: 'error', message: 'no file' })
  })

  it('is not traced as a constructor', () => {
    class Order {
      constructor(readonly id: string) {}
    }
    expect(new (traced(Order as never) as unknown as typeof Order)('A')).toBeInstanceOf(Order)
    expect(names()).toEqual([])
  })

  it.each([
    ['options that are no object', () => traced(() => 1, 5 as never), /`options`/],
    ['a misspelt option', () => traced(() => 1, { nam: 'x' } as never), /no option `nam`/],
    [
      'a function without a name',
      () =>
        traced(
          (
            () => () =>
              1
          )(),
        ),
      /`name`/,
    ],
    ['no function under a decorator', () => traced('x')(5 as never, { addInitializer() {}, name: 'x' } as never), /`fn`/],
  ])('refuses %s', (_, call, message) => {
    expect(call).toThrow(message)
  })
})

describe('an object whose methods are traced', () => {
  class Base {
    find(id: string) {
      return [id, correlationId()?.length]
    }
  }
  class Orders extends Base {
    readonly #rate = 2
    static made = 0
    place(amount: number) {
      return this.find(String(amount * this.#rate))
    }
    get size() {
      return 1
    }
    _inner() {
      return names()
    }
  }

  it('is the same object, with its class, private fields and inherited methods; each method a span of its class', () => {
    const orders = new Orders()
    expect(traceMethods(orders)).toBe(orders)
    expect(orders.place(21)).toEqual(['42', 32])
    expect(names()).toEqual(['Orders.find', 'Orders.place'])
    expect([orders.size, orders._inner().length]).toEqual([1, 2])
    expect(new Orders().find('1')[1]).toBeUndefined()
  })

  it('is traced once, however often it is asked for, and only in the methods that are named', () => {
    const orders = traceMethods(traceMethods(new Orders(), { methods: ['find'] }), { methods: ['find'] })
    orders.place(1)
    expect(names()).toEqual(['Orders.find'])
  })

  it('may be a plain one: spans have the names of its functions', () => {
    traceMethods({ load: () => 1 }).load()
    expect(names()).toEqual(['load'])
  })
})

describe('the decorator', () => {
  const program = `
    import { traced, correlationId } from 'spanlog'
    import { recordTelemetry } from 'spanlog/testing'
    const telemetry = recordTelemetry()
    class Orders {
      #rate = 2
      @traced() place(amount) { return amount * this.#rate }
      @traced('cancel order') async cancel() { return correlationId()?.length }
      @traced({ name: 'list orders', kind: 'client' }) *list() { yield 1 }
      @traced static open() { return this.name }
      @traced({ expectedErrors: [TypeError] }) fail() { throw new TypeError('no') }
    }
    class Returns extends Orders {}
    const results = [new Returns().place(21), await new Orders().cancel(), [...new Orders().list()], Orders.open()]
    try { new Orders().fail() } catch (error) { results.push(error.message) }
    console.log(JSON.stringify({ results, spans: telemetry.spans().map(({ name, kind, status, events }) => [name, kind, status.code, events.length]) }))`

  it.each([
    ['of TC39', {}],
    ["of TypeScript's experimentalDecorators", { experimentalDecorators: true }],
  ])('%s traces methods as the wrapper does', async (_, compilerOptions) => {
    const { code } = await transform(program, { loader: 'ts', target: 'es2022', format: 'esm', tsconfigRaw: { compilerOptions } })
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module'], {
      input: code,
      cwd: path.resolve(import.meta.dirname, '../..'),
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual({
      results: [42, 32, [1], 'Orders', 'no'],
      spans: [
        ['Returns.place', 'internal', 'unset', 0],
        ['cancel order', 'internal', 'unset', 0],
        ['list orders', 'client', 'unset', 0],
        ['Orders.open', 'internal', 'unset', 0],
        ['Orders.fail', 'internal', 'error', 0],
      ],
    })
  })
})
