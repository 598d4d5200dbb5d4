import type { Attributes } from '@opentelemetry/api'
import { given, present } from './attributes.js'

/** Whom something is done for. Everything but the ID may be personal: give what your rules allow. */
export interface User {
  id: string
  name?: string | undefined
  email?: string | undefined
  roles?: string[] | undefined
}

/**
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/user/
 * @example
 * ```ts
 * span.setAttributes(userAttributes({ id: session.userId, roles: ['admin'] }))
 * ```
 */
export function userAttributes(user: User | null | undefined): Attributes {
  const { id, name, email, roles } = given(user)
  return present({ 'user.id': id, 'user.name': name, 'user.email': email, 'user.roles': roles })
}

/** The customer whose data it is, where a service has many. */
export interface Tenant {
  id: string
  name?: string | undefined
  plan?: string | undefined
}

/**
 * OpenTelemetry has no convention for it; these names are ours: `tenant.id`, `tenant.name`, `tenant.plan`.
 *
 * @example
 * ```ts
 * span.setAttributes(tenantAttributes({ id: 'acme', plan: 'pro' }))
 * ```
 */
export function tenantAttributes(tenant: Tenant | null | undefined): Attributes {
  const { id, name, plan } = given(tenant)
  return present({ 'tenant.id': id, 'tenant.name': name, 'tenant.plan': plan })
}

/** What is bought. */
export interface Order {
  id: string
  status?: string | undefined
  /** In units of the currency: 12.5 */
  total?: number | undefined
  /** By ISO 4217: `EUR`. */
  currency?: string | undefined
  /** How many. */
  items?: number | undefined
}

/**
 * OpenTelemetry has no convention for it; these names are ours: `order.id`, `order.status`, `order.total`, `order.currency`,
 * `order.items`.
 *
 * @example
 * ```ts
 * span.setAttributes(orderAttributes({ id: 'A-17', total: 12.5, currency: 'EUR' }))
 * ```
 */
export function orderAttributes(order: Order | null | undefined): Attributes {
  const { id, status, total, currency, items } = given(order)
  return present({ 'order.id': id, 'order.status': status, 'order.total': total, 'order.currency': currency, 'order.items': items })
}
