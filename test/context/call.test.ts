import { extractTrace, injectTrace, SpanlogError, traceCall, withSpan } from 'spanlog'
import { serviceMap } from 'spanlog/analysis'
import { recordTelemetry } from 'spanlog/testing'
import { afterAll, afterEach, describe, expect, it } from 'vitest'

const telemetry = recordTelemetry()
afterEach(() => telemetry.reset())
afterAll(() => telemetry.stop())

describe('traceCall', () => {
  it('runs a call in a client span, and takes the trace along', async () => {
    const headers = await withSpan('order', () =>
      traceCall('payments', 'charge', async (span) => {
        span.setAttribute('card.brand', 'visa')
        return injectTrace()
      }),
    )
    const [call, order] = telemetry.spans()
    expect(call).toMatchObject({ name: 'payments/charge', kind: 'client', parentSpanId: order?.spanId, status: { code: 'unset' } })
    expect(call?.attributes).toEqual({ 'service.peer.name': 'payments', 'rpc.method': 'payments/charge', 'card.brand': 'visa' })
    expect(extractTrace(headers)).toMatchObject({ traceId: call?.traceId, spanId: call?.spanId })
  })

  it.each([
    [
      'throws',
      () => {
        throw new RangeError('declined')
      },
    ],
    ['rejects with', () => Promise.reject(new RangeError('declined'))],
  ])('records what the call %s, and passes it on', async (_, fn: () => unknown) => {
    await expect((async () => traceCall('payments', 'charge', fn))()).rejects.toThrow('declined')
    expect(telemetry.spans()).toEqual([
      expect.objectContaining({ status: { code: 'error', message: 'declined' }, events: [expect.objectContaining({ name: 'exception' })] }),
    ])
  })

  it('sets the status alone for an expected error, and takes attributes', () => {
    expect(() =>
      traceCall(
        'payments',
        'charge',
        () => {
          throw new RangeError('declined')
        },
        { expectedErrors: [RangeError], attributes: { tenant: 'blue' } },
      ),
    ).toThrow('declined')
    expect(telemetry.spans()).toEqual([
      expect.objectContaining({
        events: [],
        status: { code: 'error', message: 'declined' },
        attributes: expect.objectContaining({ tenant: 'blue' }),
      }),
    ])
  })

  it('shows what is called on the service map', () => {
    withSpan('order', { kind: 'server' }, () => traceCall('payments', 'charge', () => 1))
    const spans = telemetry.spans()
    const { nodes } = serviceMap([{ traceId: spans[0]?.traceId ?? '', spans }])
    expect(JSON.stringify(nodes)).toContain('"payments"')
  })

  it.each([
    ['no service', ['', 'charge', () => 1], /`service` to be a non-empty string/],
    ['no method', ['payments', 7, () => 1], /`method` to be a non-empty string/],
    ['no function', ['payments', 'charge', 'x'], /`fn` to be a function/],
  ])('refuses %s', (_, args, message) => {
    expect(() => (traceCall as (...given: unknown[]) => unknown)(...args)).toThrow(SpanlogError)
    expect(() => (traceCall as (...given: unknown[]) => unknown)(...args)).toThrow(message)
  })
})
