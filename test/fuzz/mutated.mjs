import fc from 'fast-check'

// What parsers trip over: borders of escapes and numbers, control codes, half a surrogate, a mark that turns the writing round.
const spice = [
  '"',
  '\\',
  '\\u',
  '\\ud800',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '=',
  '-',
  '00',
  'ff',
  '0',
  '\0',
  '\r',
  '\n',
  '\t',
  '\u001b[31m',
  '\u202e',
  '\ud800',
  '\u0085',
  '%',
  '$',
  '`',
  '|',
  ' ',
  'null',
  '1e999',
  '-1',
  '9'.repeat(40),
  'a'.repeat(5000),
  '__proto__',
  'constructor',
]

const piece = fc.oneof(fc.constantFrom(...spice), fc.string({ unit: 'binary', maxLength: 8 }), fc.string({ maxLength: 8 }))
const edit = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.nat(12), put: piece })

/** Texts a few edits away from good ones, or out of nothing. */
export function mutated(seeds) {
  const near = fc.tuple(fc.constantFrom(...seeds), fc.array(edit, { maxLength: 6 })).map(([seed, edits]) => edits.reduce(apply, seed))
  return fc.oneof(
    { weight: 6, arbitrary: near },
    { weight: 1, arbitrary: fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join('')) },
  )
}

function apply(text, { at, cut, put }) {
  const start = Math.floor(at * text.length)
  return text.slice(0, start) + put + text.slice(start + cut)
}

/** JSON documents a few edits away from good ones: a value gone, of another type, doubled, or very deep. */
export function mutatedJson(seeds) {
  const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(null, '', -1, 1e308, [], {}, nested(2000), '__proto__'))
  const edits = fc.array(fc.tuple(fc.nat(), fc.constantFrom('replace', 'remove', 'double'), value), { maxLength: 5 })
  return fc.tuple(fc.constantFrom(...seeds), edits).map(([seed, list]) => list.reduce(change, structuredClone(seed)))
}

function change(document, [pick, how, value]) {
  const places = []
  const open = [document]
  for (const at of open)
    for (const key of typeof at === 'object' && at !== null ? Object.keys(at) : []) {
      places.push([at, key])
      // Not into the very deep ones: what stands there changes nothing more.
      if (places.length < 5000) open.push(at[key])
    }
  const [at, key] = places[pick % places.length] ?? []
  if (at === undefined) return value
  if (how === 'replace') at[key] = value
  else if (how === 'double' && Array.isArray(at)) at.push(at[key])
  else if (Array.isArray(at)) at.splice(Number(key), 1)
  else delete at[key]
  return document
}

function nested(depth) {
  let value = 1
  for (let i = 0; i < depth; i++) value = [value]
  return value
}
