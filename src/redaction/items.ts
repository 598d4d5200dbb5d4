/*
 * `{ name: 'cookie', value: 'x' }`: a name that stands in one member, and what it names in another, as in HAR files, tags and environments of
 * AWS and Kubernetes, attributes of OTLP, reports of validators.
 */

/** Whether a member of this name says how the item is called. */
export function isNameOfItem(key: string): boolean {
  return naming.test(key)
}

/** Whether a member of this name holds what the item says. */
export function isValueOfItem(key: string): boolean {
  return /values?$/i.test(key)
}

const naming = /(?:name|key|field|path|param|parameter|property|header|attribute|variable)$/i
