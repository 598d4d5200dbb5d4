import { configure, SpanlogError } from 'spanlog'
import { describe, expect, it } from 'vitest'
import { hostRule } from '../../src/context/hosts.js'

describe('hosts that a trace may go out to', () => {
  it.each<[string, string | RegExp, string, number | undefined, boolean]>([
    ['a name in full', 'orders', 'orders', 80, true],
    ['a name in capitals', 'Orders.Internal', 'orders.INTERNAL', 80, true],
    ['no name that only ends so', 'orders', 'evil-orders', 80, false],
    ['no name that only begins so', 'orders.example', 'orders.example.evil', 80, false],
    ['a name with the dot at its end', 'orders.example', 'orders.example.', 80, true],
    ['what is below', '*.internal', 'a.b.internal', 80, true],
    ['not what stands above', '*.internal', 'internal', 80, false],
    ['no look-alike of what is below', '*.internal', 'evilinternal', 80, false],
    ['a port', 'localhost:3000', 'localhost', 3000, true],
    ['no other port', 'localhost:3000', 'localhost', 3001, false],
    ['no port that is not known', 'localhost:3000', 'localhost', undefined, false],
    ['an IPv6 address', '[::1]', '::1', 80, true],
    ['an IPv6 address in brackets, with a port', '[::1]:80', '[::1]', 80, true],
    ['an expression', /^pay/, 'payments', 80, true],
    ['an expression that remembers', /^pay/g, 'payments', 80, true],
    ['a dot that is no dot elsewhere', 'a.b', 'axb', 80, false],
  ])('take %s', (_, rule, host, port, expected) => {
    const matches = hostRule('propagateTo', [/^never$/, rule])
    expect([matches(host, port), matches(host, port)]).toEqual([expected, expected])
  })

  it('are none where none is named', () => {
    expect(hostRule('propagateTo', [])('orders')).toBe(false)
  })

  it.each([
    ['no array', 'orders'],
    ['a URL', ['http://orders/']],
    ['a star in the middle', ['a.*.b']],
    ['nothing', ['']],
    ['a number', [7]],
  ])('refuse %s', (_, hosts) => {
    expect(() => configure({ propagateTo: hosts as never })).toThrow(SpanlogError)
  })
})
