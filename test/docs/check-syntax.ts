import { execFileSync, spawnSync } from 'node:child_process'
import { parser as logql } from '@grafana/lezer-logql'
import { transformSync } from 'esbuild'
import { parseAllDocuments } from 'yaml'
import type { Snippet } from './pages.js'

/** For each language that is shown and not run, what can read it; it throws where it cannot. */
const readers: Record<string, (text: string) => unknown> = {
  json: (text) => JSON.parse(text),
  yaml: (text) => {
    for (const { errors } of parseAllDocuments(text)) if (errors[0]) throw errors[0]
  },
  // `<id>` is a word to fill in, not a redirection.
  sh: (text) => execFileSync('bash', ['-n'], { input: text.replaceAll(/<[\w-]+>/g, 'word'), stdio: ['pipe', 'ignore', 'pipe'] }),
  js: (text) => transformSync(text, { loader: 'ts' }),
  ts: (text) => transformSync(text, { loader: 'ts' }),
  logql: (text) => {
    for (const query of text.trim().split('\n')) {
      logql.parse(query).iterate({
        enter: ({ type, from }) => {
          if (type.isError) throw new Error(`${query} is no LogQL from ${from} on`)
        },
      })
    }
  },
  python: (text) => ifInstalled('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], text),
  go: (text) => ifInstalled('gofmt', ['-e'], text),
  xml: checkXml,
  // What other programs print.
  log: () => undefined,
  text: () => undefined,
}

function ifInstalled(program: string, args: string[], input: string): void {
  const { status, stderr, error } = spawnSync(program, args, { input })
  if (error === undefined && status !== 0) throw new Error(String(stderr))
}

/** Whether each element is closed, which is what goes wrong by hand. */
function checkXml(text: string): void {
  const open: string[] = []
  for (const [, end, name = '', empty] of text.matchAll(/<(\/?)([\w.-]+)[^>]*?(\/?)>/g)) {
    if (end === '/' && open.pop() !== name) throw new Error(`</${name}> closes nothing`)
    if (end === '' && empty === '') open.push(name)
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)}> is not closed`)
}

/** @throws where the snippet's language is unknown here, or its text is none of it */
export function checkSyntax({ language, text }: Snippet): void {
  const read = readers[language]
  if (read === undefined) throw new Error(`nothing here reads ${language || 'a block without a language'}`)
  read(text)
}
