import { SpanlogError } from '../errors.js'
import { type Command, defineCommand, type Flag } from './command.js'
import { type CommandName, commands } from './commands.js'
import { exitCodes } from './exit.js'
import { generalFlags } from './options.js'

interface Described {
  name: CommandName
  does: string
  flags: [name: string, flag: Flag][]
}

const shells = { bash, zsh, fish } as const

/** `spanlog completion`: what the shell is to know, written from the table of commands. */
export const completion = defineCommand({
  usage: 'bash|zsh|fish',
  flags: {},
  examples: [
    'source <(spanlog completion bash)      # in ~/.bashrc',
    'spanlog completion zsh > _spanlog      # in a folder of $fpath',
    'spanlog completion fish > ~/.config/fish/completions/spanlog.fish',
  ],
  help: [],
  async run({ positionals: [shell = '', ...more] }, session) {
    if (!Object.hasOwn(shells, shell) || more.length > 0) {
      const got = shell === '' ? 'none' : JSON.stringify([shell, ...more].join(' '))
      throw new SpanlogError('INVALID_OPTION', `Expected a shell, one of ${Object.keys(shells).join(', ')}, got ${got}`)
    }
    await session.print(shells[shell as keyof typeof shells](await describe()))
    return exitCodes.found
  },
})

async function describe(): Promise<Described[]> {
  return Promise.all(
    (Object.keys(commands) as CommandName[]).map(async (name) => {
      const { flags }: Command = await commands[name].load()
      return { name, does: commands[name].does, flags: Object.entries({ ...flags, ...generalFlags }) }
    }),
  )
}

function bash(all: readonly Described[]): string {
  const values = all.flatMap(({ name, flags }) =>
    flags.flatMap(([flag, { choices }]) => (choices === undefined ? [] : [`    '${name} --${flag}') words='${choices.join(' ')}' ;;`])),
  )
  return `# spanlog's completion for bash
_spanlog() {
  local current=\${COMP_WORDS[COMP_CWORD]} words=
  case "\${COMP_WORDS[1]} \${COMP_WORDS[COMP_CWORD - 1]}" in
${values.join('\n')}
  esac
  if [[ $COMP_CWORD == 1 ]]; then
    words='${[...all.map(({ name }) => name), '--help', '--version'].join(' ')}'
  elif [[ $current == -* ]]; then
    case "\${COMP_WORDS[1]}" in
${all.map(({ name, flags }) => `      ${name}) words='${flags.map(([flag]) => `--${flag}`).join(' ')}' ;;`).join('\n')}
    esac
  elif [[ \${COMP_WORDS[1]} == completion ]]; then
    words='${Object.keys(shells).join(' ')}'
  fi
  # Where there are none, bash completes the names of files.
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o bashdefault -o default -F _spanlog spanlog
`
}

function zsh(all: readonly Described[]): string {
  return `#compdef spanlog
# spanlog's completion for zsh
_spanlog() {
  local -a names=(
${all.map(({ name, does }) => `    '${name}:${zshText(does)}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command names
    return
  fi
  local name=$words[2]
  shift words
  (( CURRENT-- ))
  case $name in
    completion) _values shell ${Object.keys(shells).join(' ')} ;;
${all
  .filter(({ name }) => name !== 'completion')
  .map(({ name, flags }) => `    ${name}) _arguments ${flags.map(zshSpec).join(' ')} '*:file:_files' ;;`)
  .join('\n')}
  esac
}
# Loaded from $fpath it is the function's body; sourced, it has yet to be registered.
if [[ $funcstack[1] == _spanlog ]]; then _spanlog "$@"; else compdef _spanlog spanlog; fi
`
}

function fish(all: readonly Described[]): string {
  const flagRow = (command: string, [name, { type, short, choices, help }]: [string, Flag]): string =>
    [
      `complete -c spanlog -n '__fish_seen_subcommand_from ${command}'`,
      ...(short === undefined ? [] : [`-s ${short}`]),
      `-l ${name}`,
      ...(type === 'boolean' ? [] : choices === undefined ? ['-r'] : [`-x -a ${fishText(choices.join(' '))}`]),
      `-d ${fishText(brief(help))}`,
    ].join(' ')
  return [
    "# spanlog's completion for fish",
    ...all.flatMap(({ name, does, flags }) => [
      `complete -c spanlog -n __fish_use_subcommand -f -a ${name} -d ${fishText(does)}`,
      ...flags.map((flag) => flagRow(name, flag)),
    ]),
    `complete -c spanlog -n '__fish_seen_subcommand_from completion' -f -a ${fishText(Object.keys(shells).join(' '))}`,
    '',
  ].join('\n')
}

/** The first clause of a help. */
function brief(help: string): string {
  const [clause = ''] = help.split(/[,;(]| such as |: |\. /)
  return clause.trim()
}

/** A flag as zsh's `_arguments` takes it. */
function zshSpec([name, { type, multiple, short, value, choices, help }]: [string, Flag]): string {
  const names = short === undefined ? `--${name}` : `{-${short},--${name}}`
  const takes = choices === undefined ? '_files' : `(${choices.join(' ')})`
  const argument = type === 'boolean' ? '' : `:${zshText(value ?? name)}:${takes}`
  return `${multiple === true ? "'*'" : ''}${names}'[${zshText(brief(help))}]${argument}'`
}

/** Fit for a specification of zsh's, in single quotes. */
function zshText(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, '\\$&').replaceAll("'", "'\\''")
}

function fishText(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`
}
