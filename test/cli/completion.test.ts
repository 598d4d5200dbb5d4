import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { Folder, spanlog } from './spanlog.js'

const folder = new Folder()
afterAll(() => folder.remove())
const run = promisify(execFile)

function has(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', ':'])
    return true
  } catch {
    return false
  }
}

async function script(shell: string): Promise<string> {
  const { stdout, stderr, code } = await spanlog(['completion', shell])
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  return folder.write(`completion.${shell}`, stdout)
}

const words: [line: string, some: string[], none: string[]][] = [
  ['spanlog ', ['find', 'logs', 'trace', 'completion'], ['--level']],
  ['spanlog lo', ['logs'], ['find']],
  ['spanlog logs --fo', ['--follow'], ['--errors', '--from']],
  ['spanlog find --err', ['--errors'], ['--follow']],
  ['spanlog logs --level w', ['warn'], ['error']],
  ['spanlog completion ', ['bash', 'zsh', 'fish'], ['logs']],
]

describe('spanlog completion', () => {
  it.each(words)('bash completes %j', async (line, some, none) => {
    const program = `source "$1"; read -ra COMP_WORDS <<< "$2"; [[ $2 == *' ' ]] && COMP_WORDS+=('')
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _spanlog; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = await run('bash', ['-c', program, 'bash', await script('bash'), line])
    const offered = stdout.trim().split('\n')
    expect(offered).toEqual(expect.arrayContaining(some))
    for (const word of none) expect(offered).not.toContain(word)
  })

  it.skipIf(!has('fish')).each(words)('fish completes %j (where it is installed)', async (line, some, none) => {
    const { stdout } = await run('fish', ['--no-config', '-c', `source ${await script('fish')}; complete --do-complete '${line}'`], {
      env: { PATH: process.env['PATH'], HOME: folder.path },
    })
    const offered = stdout.split('\n').map((row) => row.split('\t')[0])
    expect(offered).toEqual(expect.arrayContaining(some))
    for (const word of none) expect(offered).not.toContain(word)
  })

  it.skipIf(!has('zsh')).each(words)('zsh completes %j (where it is installed)', async (line, some, none) => {
    // A terminal of zsh's own: completion needs its line editor.
    // A terminal of zsh's own: completion needs its line editor. What was completed is wiped away before the line that says it is done.
    const program = `zmodload zsh/zpty
      zpty shell zsh -f -i
      zpty -w shell "autoload -Uz compinit; compinit -u -d '$HOME/dump'; source '$1'; LISTMAX=0; PROMPT='REA''DY>'"
      zpty -r -m shell before '*READY>*'
      zpty -w shell "$2"$'\\t\\t\\x15print DO""NE'
      zpty -r -m shell offered '*DONE*'
      print -r -- "$offered"`
    const { stdout } = await run('zsh', ['-f', '-c', program, 'zsh', await script('zsh'), line], {
      env: { PATH: process.env['PATH'], HOME: folder.path, TERM: 'xterm', COLUMNS: '200' },
      timeout: 60_000,
    })
    for (const word of some) expect(stdout).toContain(word)
    for (const word of none) expect(stdout).not.toContain(word)
  })

  it.each([
    ['no shell', []],
    ['another shell', ['tcsh']],
    ['two shells', ['bash', 'zsh']],
  ])('is refused for %s', async (_name, args) => {
    const { stdout, stderr, code } = await spanlog(['completion', ...args])
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 })
    expect(stderr).toMatch(/^spanlog: INVALID_OPTION: Expected a shell, one of bash, zsh, fish, got /)
  })
})
