import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Command } from '../../src/cli/command.js'
import { commands, isCommand } from '../../src/cli/commands.js'
import { generalFlags } from '../../src/cli/options.js'
import { type Page, pages, root } from './pages.js'

const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }

/** Command lines of ours on a page, in blocks of shell and in the text: the command and its long options. */
function commandLines({ text: page, snippets }: Page): { command: string; options: string[] }[] {
  const blocks = snippets.filter(({ language }) => language === 'sh' || language === 'console').map(({ text }) => text)
  const inline = [...page.matchAll(/`((?:npx )?spanlog [^`]+)`/g)].map(([, code = '']) => code)
  const text = [...blocks, ...inline].join('\n')
  const joined = text.replaceAll(/\\\n\s*/g, ' ')
  return [...joined.matchAll(/(?:^|[$|] )(?:npx )?spanlog ([a-z]+)\b([^\n]*)/gm)].map(([, command = '', rest = '']) => ({
    command,
    // What stands in quotes is the command's own, or another program's.
    options: [
      ...rest
        .replaceAll(/'[^']*'|"[^"]*"/g, '')
        .replace(/\s#.*$/, '')
        .matchAll(/\s--([a-z][\w-]*)/g),
    ].map(([, name = '']) => name),
  }))
}

describe.each(pages.map((page) => [page.file, commandLines(page)] as const))('%s', (_, lines) => {
  it('names commands and options that there are', async () => {
    const unknown: string[] = []
    for (const { command, options } of lines) {
      if (!isCommand(command)) {
        unknown.push(command)
        continue
      }
      const { flags }: Command = await commands[command].load()
      unknown.push(...options.filter((name) => !(name in flags) && !(name in generalFlags)).map((name) => `${command} --${name}`))
    }
    expect(unknown).toEqual([])
  })
})

it('pages name only scripts that package.json has', () => {
  const named = pages.flatMap(({ file, text }) => [...text.matchAll(/npm run ([\w:]+)/g)].map(([, script = '']) => [file, script]))
  expect(named.filter(([, script = '']) => !(script in scripts))).toEqual([])
})
