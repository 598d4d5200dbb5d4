import { traced, traceMethods, withSpan } from 'spanlog'
import { expectTypeOf, it } from 'vitest'

it('a traced function has the type that it had', () => {
  const load = async (id: string) => id.length
  expectTypeOf(traced(load)).toEqualTypeOf(load)
  expectTypeOf(traced(load, { name: 'load', kind: 'client' })).toEqualTypeOf(load)
})

it('the decorator fits methods of every kind', () => {
  class Orders {
    @traced() place(amount: number): number {
      return amount
    }
    @traced('list') *list(): Generator<number> {
      yield 1
    }
    @traced static open(): string {
      return 'open'
    }
  }
  expectTypeOf<Orders['place']>().parameters.toEqualTypeOf<[number]>()
  expectTypeOf(traceMethods(new Orders(), { methods: ['place'] })).toEqualTypeOf<Orders>()
  // @ts-expect-error -- no such method
  traceMethods(new Orders(), { methods: ['plaice'] })
})

it('withSpan gives what fn gives', () => {
  expectTypeOf(withSpan('a', () => 1)).toEqualTypeOf<number>()
  expectTypeOf(withSpan('a', (_span, end) => end(new Error('x')))).toEqualTypeOf<void>()
})
