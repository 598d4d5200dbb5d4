// From what API Extractor says of an entry to Markdown: what is called first, then the shapes of what it takes and returns.
const order = ['Function', 'Class', 'Variable', 'Interface', 'TypeAlias']

/**
 * @param name - the entry, as it is imported
 * @param members - its names, as in an `api.json`
 * @param declarations - the entry's own types, for one that has no names
 */
export function pageOf(name, members, declarations) {
  const head = `# \`${name}\`\n\n<!-- Written by npm run api, from the types. -->\n\n`
  if (declarations.trim() === 'export {};') return `${head}Imported for what it does: it exports no names.\n`
  if (members.length === 0) return `${head}\`\`\`typescript\n${declarations.trim()}\n\`\`\`\n`
  const sections = new Map()
  for (const member of members.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || (a.name < b.name ? -1 : 1))) {
    sections.set(member.name, [...(sections.get(member.name) ?? []), member])
  }
  return head + [...sections].map(([title, overloads]) => sectionOf(title, overloads)).join('\n')
}

export function indexOf(entries) {
  const rows = entries.map(({ name, file }) => `| [\`${name}\`](${file}.md) | [report](report/${file}.api.md) |`)
  return `# Reference

<!-- Written by npm run api, from the types. -->

Each name that spanlog exports, with its types, defaults and errors. The reports show what changed in them from one release to the next.

| import | |
| --- | --- |
${rows.join('\n')}
`
}

function sectionOf(title, overloads) {
  const docs = overloads.map(({ docComment }) => docsOf(docComment)).find(({ text }) => text !== '') ?? docsOf('')
  const signatures = overloads.map((member) => signatureOf(member)).join('\n')
  const hasTable = ['Interface', 'Class'].includes(overloads[0].kind)
  return [`## ${title}\n`, docs.text, `\`\`\`typescript\n${signatures}\n\`\`\`\n`, hasTable ? tableOf(overloads[0].members) : '', docs.rest]
    .filter(Boolean)
    .join('\n')
}

function signatureOf({ excerptTokens }) {
  const text = excerptTokens
    .map((token) => token.text)
    .join('')
    .replace(/^export (declare )?/, '')
    .trim()
  return text.replace(/;$/, '')
}

function tableOf(members) {
  if (members.length === 0) return ''
  const rows = members.map((member) => {
    const { text, values } = docsOf(member.docComment)
    const said = [text.trim().replaceAll(/\s+/g, ' '), values && `Default: ${values}.`].filter(Boolean).join(' ')
    return `| ${code(signatureOf(member))} | ${escaped(said)} |`
  })
  return `| | |\n| --- | --- |\n${rows.join('\n')}\n`
}

const code = (text) => `\`${escaped(text.replaceAll(/\s+/g, ' '))}\``
const escaped = (text) => text.replaceAll('|', '\\|')

/** A TSDoc comment: what it says, the default, and what follows from its tags. */
function docsOf(comment = '') {
  const lines = comment
    .trim()
    .replace(/^\/\*\*|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
  const blocks = [{ tag: '', text: '' }]
  let fenced = false
  for (const line of lines) {
    if (line.startsWith('```')) fenced = !fenced
    const tag = fenced ? null : /^@(\w+)\s?(.*)$/.exec(line)
    if (tag) blocks.push({ tag: tag[1], text: `${tag[2]}\n` })
    else blocks.at(-1).text += `${line}\n`
  }
  const of = (tag) => blocks.filter((block) => block.tag === tag).map(({ text }) => linked(text).trim())
  const words = (tag) => of(tag).map((text) => text.replaceAll(/\s+/g, ' '))
  const list = [
    ...words('param').map((text) => `- \`${text.replace(/ - /, '`: ')}`),
    ...words('returns').map((text) => `- Returns ${text}`),
    ...words('throws').map((text) => `- Throws ${text}`),
    ...words('see').map((text) => `- See ${text}`),
  ]
  const text = [...of(''), ...of('remarks')].filter(Boolean).join('\n\n')
  const examples = of('example')
  const rest = [list.join('\n'), ...examples].filter(Boolean).join('\n\n')
  return { text: text && `${text}\n`, values: words('defaultValue')[0], rest: rest && `${rest}\n` }
}

/** `{@link https://… words}` and `{@link name}` as Markdown. */
function linked(text) {
  return text.replaceAll(/\{@link (\S+?)(?:\s+([^}]+))?\}/g, (_, to, words) =>
    to.startsWith('http') ? `[${words ?? to}](${to})` : `\`${words ?? to}\``,
  )
}
