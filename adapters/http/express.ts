import type { IncomingMessage } from 'node:http'

/** The route that Express matched, from the application's root. */
export function expressRoute(req: IncomingMessage): string | undefined {
  const { route, baseUrl = '' } = req as { route?: { path?: string | RegExp | (string | RegExp)[] }; baseUrl?: string }
  return route?.path === undefined ? undefined : `${lowCardinality(baseUrl)}${[route.path].flat().join('|')}`
}

/**
 * Express keeps the path that a router was found under (`/users/42`), not the pattern (`/users/:id`): what looks like an ID in it,
 * a number, a UUID or a long hex, becomes `:id`.
 */
function lowCardinality(mountPath: string): string {
  return mountPath.replaceAll(/(?<=\/)(?:\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,})(?=\/|$)/gi, ':id')
}
