// A parameter is a secret by its name: what OpenTelemetry lists (AWSAccessKeyId, Signature, sig, X-Goog-Signature), and what else is called so.
const secretName =
  /(^|[-_.])(sig|key|code|auth|pwd|pass|session|sid|jwt)$|signature|token|secret|passw|credential|api-?_?key|accesskey|authorization/i

/**
 * A URL as a span may show it: without credentials, without the values of secret query parameters, and without its fragment.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/
 */
export function safeUrl(url: URL): string {
  const safe = new URL(url)
  safe.hash = ''
  if (safe.username !== '') safe.username = 'REDACTED'
  if (safe.password !== '') safe.password = 'REDACTED'
  // By text, as URLSearchParams would write the others' values anew.
  safe.search = safe.search.replace(/([?&])([^=&]*)=([^&]*)/g, (part, separator: string, name: string) =>
    secretName.test(decoded(name)) ? `${separator}${name}=REDACTED` : part,
  )
  return safe.href
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
